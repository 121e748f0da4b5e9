"""Who may talk to the review server: the browser that was given the token, and no page of other sites."""

import hmac
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

LARGEST_BODY = 64 * 1024  # bytes

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'{images}; connect-src 'self'; "
    "{frames}base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


class Guard:
    """An ASGI application around another, which it calls for requests that it lets through only.

    token: the secret. hosts: the `Host` headers under which the server is reached, ports included: a foreign
    name there is another site's, pointed at this machine (DNS rebinding). Requests that change anything
    must say by their `Origin` that a page of this server makes them. images: scheme, host and port of
    another server whose images the page may show, "" for none. frames: the same of one whose pages it may
    hold in a frame.
    """

    def __init__(
        self,
        application: Application,
        token: str,
        hosts: Iterable[str],
        *,
        images: str = "",
        frames: str = "",
    ) -> None:
        self._application = application
        self._token = token.encode()
        self._hosts = frozenset(host.lower() for host in hosts)
        policy = POLICY.format(
            images=f" {images}" if images else "", frames=f"frame-src {frames}; " if frames else ""
        )
        self._headers = ((b"content-security-policy", policy.encode()), *HEADERS)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no web sockets here
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if refusal := self._refusal(scope["method"], headers):
            await self._answer(send, *refusal)
        elif scope["path"] == "/" and self._is_token(given):
            cookie = f"{self._cookie(headers)}={given}; Path=/; HttpOnly; SameSite=Strict"
            await self._answer(send, 303, "", (b"location", b"/"), (b"set-cookie", cookie.encode("latin-1")))
        elif not self._is_token(self._sent(headers)):
            await self._answer(
                send, 401, "Open the address that `rerank curate review` printed: it holds a token."
            )
        else:
            await self._application(scope, receive, self._with_headers(send))

    def _refusal(self, method: str, headers: dict[str, str]) -> tuple[int, str] | None:
        """Return status and reason of a request that must not be answered, whoever sent it."""
        host = headers.get("host", "").lower()
        if host not in self._hosts:
            return 421, "This server is not reached under that name."
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"http://{host}":
            return 403, "Requests of other sites are not answered."
        if method in ("GET", "HEAD"):
            return None
        if origin is None:
            return 403, "A request that changes something must name its origin."
        length = headers.get("content-length", "")
        if not length.isdigit():
            return 411, "The length of what is sent must be told."
        return (413, "Too much was sent.") if int(length) > LARGEST_BODY else None

    def _sent(self, headers: dict[str, str]) -> str:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self._cookie(headers))
        except CookieError:
            return ""
        return found.value if found else ""

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), self._token)

    def _cookie(self, headers: dict[str, str]) -> str:
        """Return the cookie's name, one for each port: browsers send a host's cookies to all of its ports."""
        port = headers["host"].rpartition(":")[2]
        return f"rerank-{port}" if port.isdigit() else "rerank"

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers]
            await send(message)

        return sending

    async def _answer(self, send: Send, status: int, text: str, *headers: tuple[bytes, bytes]) -> None:
        kind = (b"content-type", b"text/plain; charset=utf-8")
        start = {"type": "http.response.start", "status": status, "headers": [kind, *self._headers, *headers]}
        await send(start)
        await send({"type": "http.response.body", "body": text.encode()})
