"""A report of 1000 queries and 10 methods works, and says how fast; `benchmarks/report.py` measures more."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.rerank.chromium import expect
from tests.rerank.report.load import METHODS, QUERIES, make_load_report, measure
from tests.rerank.report.reading import open_row


@pytest.mark.slow
def test_a_thousand_queries_and_ten_methods(
    visit: Callable[..., Any], tmp_path: Path, unplotted: None
) -> None:
    report = make_load_report(tmp_path)
    measured = measure(visit, report.folder, rounds=2)
    for name, times in measured.items():
        print(f"{name}: median {np.median(times):.0f} ms")
    page = visit(report.folder, "#queries")
    expect(page.locator("#found")).to_have_text(f"{QUERIES} of {QUERIES} queries")
    assert page.locator("#rows .row").count() < 40  # the rest is not in the page
    page.locator("#list").evaluate("list => { list.scrollTop = list.scrollHeight; }")
    open_row(page, QUERIES - 1)
    expect(page.locator("#query .ranking")).to_have_count(METHODS + 1)
