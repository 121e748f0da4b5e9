"""Axes that several plots share: seconds on a log scale, and percent."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from rerank.latency import Latency
from rerank.run import Run
from rerank.statistics import Interval

STATES = {"cold": "cold: nothing stored", "warm": "warm: candidates' features stored"}
DECADES_WITH_THIRDS = 3.0  # below so many decades 2 and 5 are marked too


def log_seconds(axis: Axes, seconds: Sequence[float]) -> None:
    """Give `axis` a logarithmic time axis that holds `seconds` and room for names, more on the right."""
    low, high = min(seconds), max(seconds)
    decades = np.log10(high / low)
    left, right = max(0.3, 0.13 * decades), max(0.45, 0.34 * decades)
    axis.set_xscale("log")
    axis.set_xlim(low / 10**left, high * 10**right)
    steps = (1.0, 2.0, 5.0) if left + decades + right < DECADES_WITH_THIRDS else (1.0,)
    axis.xaxis.set_major_locator(LogLocator(subs=steps))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_seconds(value)))
    axis.xaxis.set_minor_formatter(NullFormatter())


def short_seconds(seconds: float) -> str:
    """Write a round duration: "20 ms", "1 s", "100 s"."""
    if seconds == 0:
        return "0"
    if seconds < 1e-3:
        return f"{1e6 * seconds:.3g} µs"
    if seconds < 1.0:
        return f"{1e3 * seconds:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 1000.0 else f"{seconds:,.0f} s"


def machine_of(runs: Sequence[Run]) -> str:
    """Say what the seconds of methods that re-rank were measured on; "" where there is none."""
    found = {_machine(run.latency()) for run in runs if run.identity.method.reranks}
    return "device, precision or threads differ" if len(found) > 1 else "".join(found)


def steps_axis(axis: Axis, steps: Sequence[float]) -> None:
    """Mark the places 0, 1, 2, ... of an axis by what stands there."""
    axis.set_ticks(range(len(steps)), [f"{step:g}" for step in steps])


def percent_limits(axis: Axes) -> None:
    """Let a recall axis run from 0 to 100 with room for marks at both ends."""
    axis.set_ylim(-3.0, 103.0)
    axis.set_yticks(range(0, 101, 20))


def bars_of(intervals: Sequence[Interval]) -> np.ndarray:
    """Return how far N intervals reach below and above their values, (2, N), as `errorbar` takes it."""
    below = [interval.value - interval.low for interval in intervals]
    above = [interval.high - interval.value for interval in intervals]
    return np.maximum([below, above], 0.0)


def _machine(latency: Latency) -> str:
    threads = "1 thread" if latency.threads == 1 else f"{latency.threads} threads"
    return f"{latency.device}, {latency.precision}, {threads}"
