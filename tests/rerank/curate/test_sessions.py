"""Sessions that are interrupted or shared: a killed server, a second curator, thousands of photos."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from data.curation.agreement import agreements
from data.curation.project import open_project
from tests.rerank.curate.conftest import served
from tests.rerank.curate.made_projects import street_project
from tests.rerank.curate.test_page import decision, press, shown

Visit = Callable[..., Any]
SERVER = "from rerank.cli import main; main()"


@pytest.fixture
def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def start(free_port: int) -> Iterator[Callable[[Path], tuple[Any, str]]]:
    """Return a function that starts `rerank curate review` and gives its process and address."""
    started: list[subprocess.Popen[str]] = []

    def starting(folder: Path) -> tuple[Any, str]:
        command = [sys.executable, "-c", SERVER, "curate", "review", str(folder), "--port", str(free_port)]
        process = subprocess.Popen([*command, "--match", "none"], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert re.fullmatch(rf"http://127.0.0.1:{free_port}/\?token=[\w-]{{30,}}", address)
        return process, address

    yield starting
    for process in started:
        process.kill()
        process.wait(10)


@pytest.mark.slow
def test_a_killed_server_loses_nothing_that_was_decided_meanwhile(
    tmp_path: Path, visit: Visit, start: Callable[[Path], tuple[Any, str]]
) -> None:
    with street_project(tmp_path) as project:
        pass
    server, address = start(project.folder)
    page = visit(address)
    for number in (1, 2):
        assert shown(page) == number
        press(page, "a")
    assert shown(page) == 3
    server.send_signal(signal.SIGKILL)
    server.wait(10)
    press(page, "a", "4")  # into the void; the next five are loaded
    page.wait_for_selector("#unsent:not([hidden])")
    assert page.inner_text("#unsent").startswith("2 unsent: the server does not answer")
    _, address = start(project.folder)
    page.wait_for_function("() => document.getElementById('unsent').textContent.includes('token')")
    page.goto(address)
    page.wait_for_selector("body[data-ready]")
    page.wait_for_function("() => document.getElementById('unsent').dataset.count === '0'")
    with open_project(project.folder) as opened:
        items = opened.state().items
        assert [len(items[f"flickr:{n}"].words) for n in range(1, 6)] == [1, 1, 1, 1, 0]
        found = decision(opened, 4)
    assert found is not None
    assert (found.action, found.reason) == ("reject", "person")


def test_two_curators_at_once_share_the_photos_and_measure_agreement(tmp_path: Path, visit: Visit) -> None:
    with street_project(tmp_path, photos=6, twice_share=1.0) as project, served(project) as address:
        ada, bob = visit(address, "ada"), visit(address, "bob")
        assert shown(ada) == 1
        assert shown(bob) == 3  # not where the other began
        for _ in range(6):
            press(ada, "a")
            press(bob, "a")
            shown(ada)
            shown(bob)
        eve = visit(address, "eve")
        eve.wait_for_function(
            "() => document.getElementById('message').textContent.includes('No photo waits')"
        )
        (found,) = agreements(project.state().items.values())
    assert (found.curators, found.photos, found.same, found.apart_m) == (("ada", "bob"), 6, 6, 0.0)


def test_what_another_curator_decided_is_not_asked_again(tmp_path: Path, visit: Visit) -> None:
    with street_project(tmp_path, photos=6) as project, served(project) as address:
        ada, bob = visit(address, "ada"), visit(address, "bob")
        assert shown(ada) == 1
        assert shown(bob) == 3
        press(ada, "a")
        assert shown(ada) == 2
        bob.wait_for_function("() => document.getElementById('progress').textContent.endsWith('5 left')")
        for number in (3, 4, 5, 6):
            assert shown(bob) == number
            press(bob, "a")
        assert shown(bob) == 2


@pytest.mark.slow
def test_five_thousand_photos_stay_smooth(tmp_path: Path, visit: Visit) -> None:
    with street_project(tmp_path, photos=5000, database=60) as project, served(project) as address:
        page = visit(address)
        for number in range(1, 21):
            assert shown(page) == number
            press(page, "a")
        shown(page)
        assert page.inner_text("#progress") == "21 of 5000, 4980 left"
        assert int(page.get_attribute("#speed", "data-count")) >= 20
        assert float(page.get_attribute("#speed", "data-p95")) < 2000  # a hang, not a slow machine
