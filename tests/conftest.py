"""Options and fixtures that every test can use."""

from pathlib import Path

import pytest

FIXTURES = Path(__file__).parent / "fixtures"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fixtures",
        type=Path,
        default=FIXTURES,
        help="folder of parity fixtures (NAME/meta.json, NAME/*.npz, images/); default tests/fixtures",
    )


@pytest.fixture(scope="session")
def fixtures_folder(request: pytest.FixtureRequest) -> Path:
    return request.config.getoption("--fixtures").resolve()
