"""Options and fixtures that every test can use."""

from pathlib import Path

import pytest

FIXTURES = Path(__file__).parent / "fixtures"
FOLDER = pytest.StashKey[Path]()


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Read `--fixtures DIR`, the folder of parity fixtures (NAME/meta.json, NAME/*.npz, images/).

    pytest has a flag of that name, which takes no folder and lists fixtures; alone it still does. With
    a folder after it, pytest takes the folder for one of the paths to collect.
    """
    config.stash[FOLDER] = FIXTURES
    given = list(config.invocation_params.args)
    after = given[given.index("--fixtures") + 1 :] if "--fixtures" in given else []
    if after and Path(after[0]).is_dir():
        config.stash[FOLDER] = Path(after[0]).resolve()
        config.option.showfixtures = False
        config.args.remove(str(after[0]))


@pytest.fixture(scope="session")
def fixtures_folder(request: pytest.FixtureRequest) -> Path:
    return request.config.stash[FOLDER]
