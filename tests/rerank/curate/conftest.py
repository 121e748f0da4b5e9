"""A review server in a thread, and a page of it in a real Chromium."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from data.curation.project import Project
from tests.rerank.chromium import LIMIT_S, new_page
from tests.rerank.curate.reviewing import wait_until_ready

TOKEN = "token-of-the-tests"
VIEWPORT = {"width": 1280, "height": 800}


@contextmanager
def served(project: Project, port: int = 0, **options: Any) -> Iterator[str]:
    """Serve a project's review for the length of a block; yields the address to open."""
    uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    pytest.importorskip("fastapi", reason="FastAPI is not installed")
    from rerank.curate.app import make_app

    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.bind(("127.0.0.1", port))
    name = f"127.0.0.1:{opened.getsockname()[1]}"
    app, _ = make_app(project, [name], token=TOKEN, **options)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server ended before it had started"
        time.sleep(0.02)
    try:
        yield f"http://{name}/?token={TOKEN}"
    finally:
        server.force_exit = server.should_exit = True
        thread.join(LIMIT_S)
        opened.close()
    assert not thread.is_alive(), "the server does not end"


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that begins a curator's session; the page may ask nobody but its server."""
    pages, errors, requests = [], list[str](), list[str]()

    def open_page(address: str, who: str = "ada", mode: str = "review") -> Any:
        page = new_page(chromium, viewport=VIEWPORT)
        pages.append(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(f"{address}#{mode}")
        page.fill("#name", who)
        page.keyboard.press("Enter")
        wait_until_ready(page)
        return page

    yield open_page
    for page in pages:
        page.context.close()
    assert errors == []
    assert [url for url in requests if not url.startswith("http://127.0.0.1:")] == []
