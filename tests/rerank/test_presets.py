from pathlib import Path

import pytest

from data.errors import SettingsError
from networks.settings import make_settings
from rerank.configuration import make_configuration
from rerank.methods import REGISTRIES, Builder, check_pairs
from rerank.presets import PRESETS, THESIS
from retrieval.cosplace import SMALL as COSPLACE_SMALL


def test_the_thesis_has_ten_rows_that_fit() -> None:
    pairs = make_configuration({"dataset": "x", "preset": "thesis"}).split_pairs()
    assert len(set(pairs)) == 10
    check_pairs(pairs)


@pytest.mark.parametrize(
    ("preset", "pair"), [(name, pair) for name in PRESETS for pair in PRESETS[name].pairs]
)
def test_settings_of_presets_exist_and_are_not_the_defaults(preset: str, pair: str) -> None:
    kinds = dict(zip(pair.split("+"), ("extractor", "matcher"), strict=True))
    for name, settings in PRESETS[preset].pairs[pair].items():
        kind = REGISTRIES[kinds[name]].load(name).Settings
        chosen = make_settings(kind, settings, owner=name)
        for setting in settings:
            assert getattr(chosen, setting) != getattr(kind(), setting), f"{name}.{setting} says the default"


def test_rows_of_one_extractor_can_have_settings_of_their_own() -> None:
    builder = Builder(make_configuration({"dataset": "x", "preset": "thesis"}))
    by_level = builder.build("matcher", "ransac", "patchnetvlad+ransac").settings
    joint = builder.build("matcher", "ransac", "r2d2+ransac").settings
    assert (by_level.levels, by_level.reprojection_px) == ("weighted", 30.0)
    assert (joint.levels, joint.reprojection_px, joint.estimator) == ("joint", 24.0, "ransac")
    assert builder.build("matcher", "ransac").settings.estimator == "usac_fast"


def test_the_users_settings_win() -> None:
    given = {"dataset": "x", "preset": "thesis", "settings": {"ransac": {"iterations": 500}}}
    settings = Builder(make_configuration(given)).build("matcher", "ransac", "r2d2+ransac").settings
    assert (settings.iterations, settings.estimator) == (500, "ransac")


def test_pairs_choose_rows_of_a_preset(tmp_path: Path) -> None:
    chosen = make_configuration({"dataset": "x", "preset": "thesis", "pairs": ["d2net+ransac"]})
    assert chosen.pairs == ("d2net+ransac",)
    assert chosen.pair_settings == {"d2net+ransac": THESIS.pairs["d2net+ransac"]}
    file = tmp_path / "benchmark.toml"
    file.write_text('dataset = "x"\npreset = "thesis"\n')
    assert len(make_configuration({}, file).pairs) == 10


def test_the_small_preset_brings_its_retriever() -> None:
    given = {"dataset": "x", "preset": "small"}
    chosen = make_configuration(given)
    assert (chosen.retriever, chosen.settings) == ("cosplace", {"cosplace": dict(COSPLACE_SMALL)})
    check_pairs(chosen.split_pairs())
    own = make_configuration({**given, "settings": {"cosplace": {"gem_p": 4.0}, "ransac": {"iterations": 9}}})
    assert own.settings == {"cosplace": {**COSPLACE_SMALL, "gem_p": 4.0}, "ransac": {"iterations": 9}}
    other = make_configuration({**given, "retriever": "vlad"})
    assert (other.retriever, other.settings) == ("vlad", {})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"preset": "theses"}, "no preset is called 'theses'; did you mean 'thesis'"),
        ({"preset": "thesis", "pairs": ["delg+ransac"]}, "preset thesis has no pair 'delg\\+ransac'"),
    ],
)
def test_unknown_presets_and_rows_are_named(given: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        make_configuration({"dataset": "x", **given})


def test_halves_of_a_method_share_its_name_and_take_their_own_settings() -> None:
    given = {"dataset": "x", "settings": {"loftr": {"keeps": "coarse and fine", "thr": 0.3}}}
    builder = Builder(make_configuration({**given, "weights": ["seeded"]}))
    assert builder.settings_of("extractor", "loftr") == {"keeps": "coarse and fine"}
    assert builder.settings_of("matcher", "loftr") == {"thr": 0.3}
    wrong = Builder(make_configuration({**given, "settings": {"loftr": {"keep": 1}}, "weights": ["seeded"]}))
    for kind in ("extractor", "matcher"):
        with pytest.raises(SettingsError, match="loftr has no setting 'keep'"):
            wrong.build(kind, "loftr")
