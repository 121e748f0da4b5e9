"""The drawn city that the tests of curation share."""

import pytest

from tests.data.curation.drawn import QUICK, DrawnCity, draw_for_curation


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> DrawnCity:
    return draw_for_curation(tmp_path_factory.mktemp("curation"), QUICK)
