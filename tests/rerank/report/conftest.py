"""A report, and a page of it in a real Chromium, driven headless."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rerank.report import make_report
from tests.rerank.chromium import new_page
from tests.rerank.report.made_results import make_runs, make_street
from tests.rerank.report.reading import go_to

WINDOW = {"width": 1280, "height": 1400}  # so that twelve queries are all in sight


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a report of two datasets, by day and by night, two methods each."""
    folder = tmp_path_factory.mktemp("report")
    street = make_street(folder / "street", query_folder="queries_day")
    make_street(street, query_folder="queries_night")
    for queries in ("queries_day", "queries_night"):
        make_runs(folder / "results", street, query_folder=queries)
    return make_report(folder / "results", folder / "site").folder


@pytest.fixture
def unplotted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the plots out, which take seconds, where a report is of something else."""
    monkeypatch.setattr("rerank.report.figures.KINDS", {})


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a report's page; nothing may be requested elsewhere or complained of."""
    pages, complaints, requests = [], list[str](), list[str]()

    def open_page(folder: Path, address: str = "", **options: Any) -> Any:
        page = new_page(chromium, viewport=WINDOW, **options)
        pages.append(page)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}") or dialog.dismiss())
        page.on("request", lambda request: requests.append(request.url))
        go_to(page, folder, address)
        return page

    yield open_page
    for page in pages:
        page.context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith("file://")] == []
