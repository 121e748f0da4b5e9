"""A token bucket: never more than so many requests in an hour."""

import threading
import time
from collections.abc import Callable

from data.errors import SettingsError

HOUR_S = 3600.0


class TokenBucket:
    """Lets through at most `per_hour` takes in any hour, of which `burst` at once.

    now: seconds of a clock that never goes back. sleep: waits for seconds. May be shared by threads.
    """

    def __init__(
        self,
        per_hour: float,
        burst: int,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not 1 <= burst < per_hour:
            raise SettingsError(f"a burst of {burst} with {per_hour} an hour; expected 1 <= burst < per hour")
        # A full bucket and what flows into it in the hour after come to `per_hour` together.
        self._rate_hz = (per_hour - burst) / HOUR_S
        self._burst = burst
        self._now, self._sleep = now, sleep
        self._tokens = float(burst)
        self._filled_s = now()
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait until one more request may be made."""
        with self._lock:
            self._fill()
            if self._tokens < 1:
                self._sleep((1 - self._tokens) / self._rate_hz)
                self._fill()
            self._tokens -= 1

    def _fill(self) -> None:
        now = self._now()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_s) * self._rate_hz)
        self._filled_s = now
