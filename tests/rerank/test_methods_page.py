from pathlib import Path

import pytest

from rerank.catalogue import describe_all
from rerank.methods_page import methods_page

PAGE = Path(__file__).parents[2] / "docs" / "methods.md"


@pytest.fixture(scope="module")
def committed() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_committed_page_tells_of_every_method_as_it_is(committed: str) -> None:
    figures = {}
    for line in committed.splitlines():
        if line.startswith("| ["):
            name, _, keypoints, size, _ = (cell.strip() for cell in line.strip("|").split("|"))
            texts = {"keypoints": keypoints, "bytes": size}
            figures[name[1 : name.index("]")]] = {
                key: int(text.replace(",", "")) for key, text in texts.items() if text
            }
    assert methods_page(figures) == committed, "run `rerank methods --page docs/methods.md`"


def test_every_method_says_what_it_is_and_where_it_comes_from() -> None:
    page = methods_page({"superpoint": {"keypoints": 1234, "bytes": 5_678_900}})
    for kind, found in describe_all().items():
        for method in found:
            section = page.split(f"\n## {kind.capitalize()}s\n")[1].split(f"\n### {method['name']}\n")[1]
            section = section.split("\n### ")[0]
            assert method["summary"] in section and method["source"] in section
            assert all(f"`{name}={value}`" in section for name, value in method["settings"].items())
            assert ("beyond the ten rows" in section) == method["beyond_benchmark"]
    assert "| 1,234 | 5,678,900 |" in page
