"""Asking a provider's web interface: limited, tried again, and never telling the key.

Requests that carry a key follow no redirection, which would take the key to another host; photos are
fetched without it. Only http and https are spoken, whatever address an answer names.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence
from email.message import Message
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import quote, quote_plus, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from data.curation.harvest.bucket import TokenBucket
from data.errors import CurationError, PhotoError

T = TypeVar("T")

WAITS_S = (1.0, 4.0, 16.0, 60.0)
TIMEOUT_S = 30.0
HARVEST_AGAIN = "What was harvested is kept; the same command goes on from there"
LONGEST_WAIT_S = 300.0  # that a server may ask for
_MOST_ANSWER_BYTES = 64 * 2**20
_SHOWN = 200  # characters of a strange answer in a message
WORTH_RETRYING = frozenset({408, 425, 429, 500, 502, 503, 504})

log = logging.getLogger(__name__)


class PassingError(Exception):
    """A fault that another attempt may survive. wait_s: how long the server asks to wait."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class Web:
    """The way to one provider.

    name: the provider's, for messages. secrets: texts that no message may show. bucket: limits `ask`.
    waits_s: seconds before each further attempt. sleep: waits. advice: what a person can do after the last.
    """

    def __init__(
        self,
        name: str,
        secrets: Sequence[str],
        bucket: TokenBucket,
        *,
        waits_s: Sequence[float] = WAITS_S,
        sleep: Callable[[float], None] = time.sleep,
        timeout_s: float = TIMEOUT_S,
        advice: str = HARVEST_AGAIN,
    ) -> None:
        self.name = name
        self._advice = advice
        self._secrets = [form for text in secrets for form in _spellings(text)]
        self._bucket = bucket
        self._waits_s, self._sleep, self._timeout_s = waits_s, sleep, timeout_s

    def ask(self, request: Request, read: Callable[[int, Any], T]) -> T:
        """Send a request with a key, and return what `read` makes of the status and the JSON of the answer.

        read: raises KeyError, TypeError or ValueError for nonsense and PassingError for faults that pass,
        which are tried again; other exceptions go through. Raises CurationError after the last attempt.
        """

        def attempt() -> T:
            self._bucket.take()
            status, headers, body = self._exchange(_keeping_to_itself(), request, _MOST_ANSWER_BYTES)
            try:
                return read(status, json.loads(body))
            except (KeyError, TypeError, ValueError) as error:
                told = f"HTTP {status}"
                if status not in WORTH_RETRYING:
                    told += f", and what it sent makes no sense: {self._start(body)}"
                raise PassingError(told, _asked_wait(headers)) from error

        return self._tried(attempt)

    def fetch(self, address: str, max_bytes: int) -> bytes:
        """Return the file at an address, asking without any key.

        Raises PhotoError where it is gone, refused or too large, CurationError after the last attempt.
        """
        if urlsplit(address).scheme not in ("http", "https"):
            raise PhotoError(f"{self.cleaned(address)[:_SHOWN]}: not a web address")
        request = Request(address, headers={"User-Agent": "vpr-rerank"})
        shown = self.cleaned(address)

        def attempt() -> bytes:
            status, headers, body = self._exchange(_following(), request, max_bytes)
            if status in WORTH_RETRYING:
                raise PassingError(f"HTTP {status} for {shown}", _asked_wait(headers))
            if status != 200:
                raise PhotoError(f"{shown}: HTTP {status}: the photo is not given any more")
            if len(body) > max_bytes:
                raise PhotoError(f"{shown}: larger than {max_bytes / 2**20:g} MiB")
            return body

        return self._tried(attempt)

    def cleaned(self, text: str) -> str:
        """Return a text without the keys in it."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _start(self, body: bytes) -> str:
        """Return how an answer begins, cleaned before it is cut, which might leave half of a key."""
        return repr(self.cleaned(body[: 10 * _SHOWN].decode("utf-8", "replace"))[:_SHOWN])

    def _tried(self, attempt: Callable[[], T]) -> T:
        for wait_s in self._waits_s:
            try:
                return attempt()
            except PassingError as error:
                longer_s = max(wait_s, min(error.wait_s, LONGEST_WAIT_S))
                log.warning("%s: %s; trying again in %g s", self.name, self.cleaned(str(error)), longer_s)
                self._sleep(longer_s)
        attempts = f", in the last of {len(self._waits_s) + 1} attempts" if self._waits_s else ""
        try:
            return attempt()
        except PassingError as error:
            raise CurationError(
                f"{self.name}: {self.cleaned(str(error))}{attempts}. {self._advice}"
            ) from None  # what is below may hold the key

    def _exchange(self, opener: OpenerDirector, request: Request, limit: int) -> tuple[int, Message, bytes]:
        """Return status, headers and at most one byte more than `limit` of the body."""
        try:
            with _answer(opener, request, self._timeout_s) as answer:
                body = answer.read(limit + 1)
                announced = int(answer.headers.get("Content-Length") or 0)
                if len(body) < min(announced, limit + 1):
                    raise PassingError(f"the connection closed after {len(body)} of {announced} bytes")
                return answer.status, answer.headers, body
        except URLError as error:
            raise PassingError(f"no connection ({error.reason})") from error
        except (OSError, ValueError, HTTPException) as error:
            raise PassingError(f"no answer ({error or type(error).__name__})") from error


def _answer(opener: OpenerDirector, request: Request, timeout_s: float) -> Any:
    """Return the answer to a request, also one of an error."""
    try:
        return opener.open(request, timeout=timeout_s)
    except HTTPError as error:
        return error


def _keeping_to_itself() -> OpenerDirector:
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _following() -> OpenerDirector:
    opener = _keeping_to_itself()
    opener.add_handler(HTTPRedirectHandler())
    return opener


def _asked_wait(headers: Message) -> float:
    """Return the seconds of a Retry-After header, 0 where it names none."""
    text = headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else 0.0


def _spellings(secret: str) -> tuple[str, ...]:
    """Return how a secret is written in texts, addresses, and the JSON of servers that escape slashes."""
    return secret, quote(secret, safe=""), quote_plus(secret), secret.replace("/", "\\/")
