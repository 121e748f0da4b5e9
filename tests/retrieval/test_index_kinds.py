import faiss
import pytest

from data.errors import SettingsError
from retrieval.index_kinds import EXACT, KINDS, REFINE, parse_kind


@pytest.mark.parametrize("name", KINDS)
def test_defaults_are_written_out_and_read_again(name: str) -> None:
    choice = parse_kind(name)
    assert parse_kind(choice.text) == choice
    assert choice.settings == KINDS[name].defaults


def test_the_exact_kind_is_its_name_alone() -> None:
    assert parse_kind(EXACT).text == EXACT


@pytest.mark.parametrize("name", [name for name in KINDS if name != EXACT])
@pytest.mark.parametrize("refine", [0, 3])
def test_faiss_knows_every_factory_and_knob(name: str, refine: int) -> None:
    choice = parse_kind(f"{name}:{REFINE}={refine}")
    index = faiss.index_factory(512, choice.factory)
    for knob, value in choice.knobs.items():
        faiss.ParameterSpace().set_index_parameter(index, knob, value)
    assert ("RFlat" in choice.factory) == (refine > 0) == ("k_factor_rf" in choice.knobs)


def test_settings_in_any_order_are_the_same_kind() -> None:
    one, other = parse_kind("ivfpq:nprobe=8,lists=64"), parse_kind("ivfpq:lists=64,nprobe=8,codes=64")
    assert one.text == other.text == "ivfpq:lists=64,codes=64,nprobe=8"


def test_knobs_do_not_change_what_is_built_but_sizes_and_refinement_do() -> None:
    built = {parse_kind(text).build_text for text in ("ivf:nprobe=1", "ivf:nprobe=64", "ivf")}
    assert len(built) == 1
    other = {parse_kind(text).build_text for text in ("ivf:lists=8", "ivf:refine=2", "ivf:refine=5", "ivf")}
    assert len(other) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ivvf", "did you mean 'ivf'"),
        ("ivf:list=3", "did you mean 'lists'"),
        ("ivf:codes=3", "no setting 'codes'"),
        ("exact:nprobe=3", "exact has no setting 'nprobe'"),
        ("exact:refine=3", "exact has no setting 'refine'"),
        ("ivf:nprobe=0", "from 1, found '0'"),
        ("ivf:nprobe=-1", "whole number"),
        ("ivf:nprobe=many", "whole number"),
        ("ivf:refine=1.5", "whole number from 0"),
        ("ivf:nprobe", "name=value"),
        ("", "no index is called ''"),
    ],
)
def test_what_is_not_a_kind_is_refused(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_kind(text)
