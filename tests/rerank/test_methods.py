"""Settings that a method gets from the pair that it is a part of."""

import pytest

from data.errors import PairError
from rerank.configuration import make_configuration
from rerank.methods import Builder


@pytest.mark.parametrize("extractor", ["superpoint", "disk", "aliked"])
def test_lightglue_has_the_weights_for_the_features_of_its_pair(extractor: str) -> None:
    pair = f"{extractor}+lightglue"
    builder = Builder(make_configuration({"dataset": "x", "pairs": [pair], "weights": ["seeded"]}))
    assert builder.settings_of("matcher", "lightglue", pair) == {"features": extractor}
    assert builder.build("matcher", "lightglue", pair).settings.features == extractor


def test_weights_for_other_features_are_refused_before_any_work() -> None:
    given = {"dataset": "x", "pairs": ["disk+lightglue"], "settings": {"lightglue": {"features": "aliked"}}}
    with pytest.raises(PairError, match=r"the features are those of disk\. Leave the setting out"):
        Builder(make_configuration(given)).fetch_weights("matcher", "lightglue", "disk+lightglue")
