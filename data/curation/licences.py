"""Names of licences, one spelling for each: "CC-BY-NC-2.0", "CC0-1.0", "PDM-1.0"."""

import re

RESERVED = "All-Rights-Reserved"

_LICENCE = re.compile(r"creativecommons\.org/licenses/(by(?:-nc)?(?:-nd|-sa)?)/(\d\.\d)")
_PUBLIC = {
    "creativecommons.org/publicdomain/zero/1.0": "CC0-1.0",
    "creativecommons.org/publicdomain/mark/1.0": "PDM-1.0",
    "usa.gov/copyright": "US-Gov",
    "usa.gov/government-works": "US-Gov",
}


def licence_named(name: str, address: str) -> str:
    """Return the name of the licence at a web address; of one that is not known, `name` with hyphens."""
    found = _LICENCE.search(address.lower())
    if found:
        return f"CC-{found[1].upper()}-{found[2]}"
    for known, short in _PUBLIC.items():
        if known in address.lower():
            return short
    return "-".join(re.findall(r"[A-Za-z0-9.]+", name)) or RESERVED


def licence_address(licence: str) -> str:
    """Return the web address of a licence that has one, "" for others."""
    found = re.fullmatch(r"CC-(BY(?:-NC)?(?:-ND|-SA)?)-(\d\.\d)", licence)
    if found:
        return f"https://creativecommons.org/licenses/{found[1].lower()}/{found[2]}/"
    return next((f"https://{known}/" for known, short in _PUBLIC.items() if short == licence), "")
