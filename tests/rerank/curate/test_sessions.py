"""Sessions that are interrupted or shared: a killed server, a second curator, thousands of photos."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from data.curation.agreement import agreements
from data.curation.project import open_project
from tests.rerank.chromium import LIMIT_S, expect, wait_until
from tests.rerank.curate.conftest import served
from tests.rerank.curate.made_projects import street_project
from tests.rerank.curate.reviewing import (
    decision,
    message,
    press,
    wait_for_photo,
    wait_until_ready,
    wait_until_written,
)

Visit = Callable[..., Any]
SERVER = "from rerank.cli import main; main()"
LOADED = """(id) => ["/photo", "/api/item"].every((path) =>
  performance.getEntriesByType("resource").some(({ name, responseEnd }) => {
    const address = new URL(name);
    return responseEnd > 0 && address.pathname === path && address.searchParams.get("id") === id;
  }))"""


Start = Callable[..., tuple[Any, str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts `rerank curate review` and gives its process and address."""
    started: list[subprocess.Popen[str]] = []

    def starting(folder: Path, port: int = 0) -> tuple[Any, str]:
        command = [sys.executable, "-c", SERVER, "curate", "review", str(folder), "--port", str(port)]
        process = subprocess.Popen([*command, "--match", "none"], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127.0.0.1:\d+/\?token=[\w-]{30,}", address)
        return process, address

    yield starting
    for process in started:
        process.kill()
        process.wait(LIMIT_S)
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.slow
def test_a_killed_server_loses_nothing_that_was_decided_meanwhile(
    tmp_path: Path, visit: Visit, start: Start
) -> None:
    with street_project(tmp_path) as project:
        pass
    server, address = start(project.folder)
    page = visit(address)
    for number in (1, 2):
        wait_for_photo(page, number)
        press(page, "a")
    wait_for_photo(page, 3)
    for number in (4, 5):  # are loaded ahead
        wait_until(page, f"({LOADED})('flickr:{number}')")
    server.send_signal(signal.SIGKILL)
    server.wait(LIMIT_S)
    press(page, "a", "4")  # into the void
    unsent = page.locator("#unsent")
    expect(unsent).to_contain_text("2 unsent: the server does not answer")
    _, address = start(project.folder, urlsplit(address).port)
    expect(unsent).to_contain_text("token")
    page.goto(address)
    wait_until_ready(page)
    wait_until_written(page)
    with open_project(project.folder) as opened:
        items = opened.state().items
        assert [len(items[f"flickr:{n}"].words) for n in range(1, 6)] == [1, 1, 1, 1, 0]
        found = decision(opened, 4)
    assert found is not None
    assert (found.action, found.reason) == ("reject", "person")


def test_what_was_decided_last_is_sent_also_where_the_page_is_left_at_once(
    tmp_path: Path, visit: Visit
) -> None:
    with street_project(tmp_path) as project, served(project) as address:
        page = visit(address)
        wait_for_photo(page, 1)
        press(page, "a")
        page.goto("about:blank")
        end = time.monotonic() + LIMIT_S
        while decision(project, 1) is None:
            assert time.monotonic() < end, "it was never written"
            time.sleep(0.05)


def test_two_curators_at_once_share_the_photos_and_measure_agreement(tmp_path: Path, visit: Visit) -> None:
    with street_project(tmp_path, photos=6, twice_share=1.0) as project, served(project) as address:
        ada, bob = visit(address, "ada"), visit(address, "bob")
        wait_for_photo(bob, 3)  # not where the other began
        for of_ada, of_bob in zip((1, 2, 3, 4, 5, 6), (3, 4, 5, 6, 1, 2), strict=True):
            wait_for_photo(ada, of_ada)
            wait_for_photo(bob, of_bob)
            press(ada, "a")
            press(bob, "a")
        wait_until_written(ada)
        wait_until_written(bob)
        expect(message(visit(address, "eve"))).to_contain_text("No photo waits")
        (found,) = agreements(project.state().items.values())
    assert (found.curators, found.photos, found.same, found.apart_m) == (("ada", "bob"), 6, 6, 0.0)


def test_a_dispute_comes_to_a_third_curator_whose_word_decides(tmp_path: Path, visit: Visit) -> None:
    with street_project(tmp_path, photos=1, twice_share=1.0) as project, served(project) as address:
        for who, key in (("ada", "a"), ("bob", "3")):
            page = visit(address, who)
            wait_for_photo(page, 1)
            press(page, key)
            wait_until_written(page)
        assert project.state().items["flickr:1"].disputed()
        eve = visit(address, "eve")
        wait_for_photo(eve, 1)
        expect(eve.locator("#about")).to_contain_text("the next word decides")
        press(eve, "a")
        wait_until_written(eve)
        settled = project.state().items["flickr:1"].settled()
    assert settled is not None
    assert settled.action == "accept"


def test_what_another_curator_decided_is_not_asked_again(tmp_path: Path, visit: Visit) -> None:
    with street_project(tmp_path, photos=6) as project, served(project) as address:
        ada, bob = visit(address, "ada"), visit(address, "bob")
        wait_for_photo(ada, 1)
        wait_for_photo(bob, 3)
        press(ada, "a")
        wait_for_photo(ada, 2)
        expect(bob.locator("#progress")).to_have_text(re.compile("5 left$"))
        for number in (3, 4, 5, 6):
            wait_for_photo(bob, number)
            press(bob, "a")
        wait_for_photo(bob, 2)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_five_thousand_photos_stay_smooth(tmp_path: Path, visit: Visit) -> None:
    with street_project(tmp_path, photos=5000, database=60) as project, served(project) as address:
        page = visit(address)
        for number in range(1, 21):
            wait_for_photo(page, number)
            press(page, "a")
        wait_for_photo(page, 21)
        expect(page.locator("#progress")).to_have_text("21 of 5000, 4980 left")
        expect(page.locator("#speed")).to_have_attribute("data-count", "20")
        print("95th percentile from key to next photo:", page.locator("#speed").inner_text())
