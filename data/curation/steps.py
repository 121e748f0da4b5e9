"""The beginning and the end of a step, in the journal and in the log."""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from data.curation.events import Draft, Kind
from data.curation.project import Project

BEGAN, ENDED = "began", "ended"

log = logging.getLogger(__name__)


@contextmanager
def step(project: Project, name: str, settings: Mapping[str, Any]) -> Iterator[Counter[str]]:
    """Journal that a step begins with these settings and, when its block ends without error, what it counted.

    Yields the counter to count in.
    """
    counts: Counter[str] = Counter()
    begin = time.perf_counter()
    about = {"step": name, "settings": dict(settings)}
    project.journal.append(name, Draft(Kind.STEP, "", {**about, "state": BEGAN}))
    yield counts
    seconds = round(time.perf_counter() - begin, 3)
    ended = {**about, "state": ENDED, "counts": dict(counts), "seconds": seconds}
    project.journal.append(name, Draft(Kind.STEP, "", ended))
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing new"
    log.info("%s: %s in %.1f s", name, told, seconds)
