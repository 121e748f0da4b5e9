"""The peak memory of this process since a moment, on Linux."""

from pathlib import Path

RESET_PEAK = "5"  # see proc(5), clear_refs


def forget_peak() -> float:
    """Let the peak be what is in use now, which is returned, MiB."""
    Path("/proc/self/clear_refs").write_text(RESET_PEAK)
    return peak_mib()


def peak_mib() -> float:
    """Return the peak of resident memory since `forget_peak`, MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (told,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(told.split()[1]) / 1024
