"""Memory that is kept for the next photo."""

import ctypes
import sys

# glibc's names for what mallopt sets
MMAP_MAX, TRIM_THRESHOLD = -4, -1
NEVER = -1


def keep_memory() -> None:
    """Have this process keep memory that it frees, and use it again, instead of returning it to the system.

    A network's maps are tens of megabytes. By default glibc gets such blocks from the system and returns
    them at once, and the system clears every page of every map anew: a quarter to a third of the time of a
    network on a CPU. The process stays as large as it ever was. Where there is no glibc nothing changes.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(MMAP_MAX, 0)
        mallopt(TRIM_THRESHOLD, NEVER)
