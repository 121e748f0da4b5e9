"""Addresses of other servers that the page may load from, where the curator asks for it."""

import re
from urllib.parse import urlsplit

from data.errors import SettingsError

LOOPBACK = ("127.0.0.1", "localhost")
# Nothing that could end an address or a directive of the policy that allows it.
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?/[A-Za-z0-9._~/?=&%@+{}-]*")


def check_template(what: str, template: str, places: tuple[str, ...], example: str) -> None:
    """Refuse an address that has not each of some places, such as {z}, in its path or query, and no others.

    what: to call it in messages. Raises SettingsError, also for an address without encryption that leaves
    this machine: it would tell the network where photos are placed.
    """
    path = urlsplit(template).path + "?" + urlsplit(template).query
    odd = set(re.findall(r"\{[^}]*\}?|\}", template)) != set(places)
    if odd or not _ADDRESS.fullmatch(template) or any(place not in path for place in places):
        raise SettingsError(
            f"{what} {template!r}: expected an address with {', '.join(places)}, such as {example}"
        )
    if urlsplit(template).scheme == "http" and urlsplit(template).hostname not in LOOPBACK:
        raise SettingsError(f"{what} {template!r}: expected https:// for a server of others")


def origin_of(address: str) -> str:
    """Return scheme, host and port of an address."""
    found = urlsplit(address)
    return f"{found.scheme}://{found.netloc}"
