"""A web server on the loopback address whose faults a test can choose."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """What is served, and how.

    files: path without the slash -> bytes. ranges: whether Range is honoured. etag: version named;
    None for none. cuts: for each successive answer, after how many bytes of its body the connection
    is dropped. statuses: for each successive answer, an error status to give instead. silent_s:
    seconds without a byte after the headers. length: whether Content-Length is told. shift: how far
    from the asked one the sent range begins. requests: headers of every request, as they came.
    """

    files: dict[str, bytes]
    ranges: bool = True
    etag: str | None = '"one"'
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    silent_s: float = 0.0
    length: bool = True
    shift: int = 0
    requests: list[dict[str, str]] = field(default_factory=list)
    base: str = ""

    def address(self, file: str) -> str:
        return f"{self.base}/{file}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests.append(dict(handler.headers.items()))
        body = self.files.get(handler.path.lstrip("/"))
        if self.statuses or body is None:
            handler.send_error(self.statuses.pop(0) if self.statuses else 404)
            return
        start = self._start(handler)
        if start >= len(body) > 0:
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{len(body)}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        handler.send_response(206 if start else 200)
        if start:
            start += self.shift
            handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if self.etag:
            handler.send_header("ETag", self.etag)
        if self.length:
            handler.send_header("Content-Length", str(len(body) - start))
        handler.end_headers()
        time.sleep(self.silent_s)
        cut = self.cuts.pop(0) if self.cuts else len(body)
        handler.wfile.write(body[start:][:cut])

    def _start(self, handler: BaseHTTPRequestHandler) -> int:
        asked = handler.headers.get("Range")
        same = handler.headers.get("If-Range") in (None, self.etag)
        return int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.ranges and same else 0


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[FileServer]:
    """Serve `files` on a free port for as long as the block runs."""
    content = FileServer(files)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    content.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield content
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
