"""Data as scripts: plain ASCII, and numbers that JSON has."""

import json
from pathlib import Path

import numpy as np
import pytest

from rerank.report.scripts import number, significant, write_script


def value_of(path: Path) -> object:
    text = path.read_text(encoding="ascii")
    start, _, rest = text.partition("]=")
    assert start.startswith('RERANK["')
    return json.loads(rest.removesuffix(";\n"))


@pytest.mark.parametrize(
    "name", ["</script><b>", "\u2028\u2029", "caf\udce9.jpg", "\u6771\u4eac", '"];alert(1);//', "\\u003c"]
)
def test_any_name_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    write_script(tmp_path, "task-1/queries", {"names": [name]})
    assert value_of(tmp_path / "task-1" / "queries.js") == {"names": [name]}


def test_unknown_numbers_are_null() -> None:
    assert [number(value) for value in (np.nan, np.inf, -np.inf)] == [None] * 3
    assert significant(-np.inf) is None
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_script(Path("unused"), "key", float("nan"))


def test_numbers_are_rounded() -> None:
    assert number(12.3456) == 12.35
    assert number(np.float64(12.3456), 1) == 12.3
    assert significant(0.000123456) == 0.00012346
    assert significant(123456789.0) == 123460000.0
