import platform
import subprocess
import sys

import pytest

BLOCKS = """
import resource
import numpy as np
from networks.memory import keep_memory
{before}
np.ones(1 << 23)
first = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.ones(1 << 23)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - first)
"""


def new_pages(before: str) -> int:
    """Return how many pages the system gave for a block of 64 MiB whose like was freed just before."""
    told = subprocess.run(
        [sys.executable, "-c", BLOCKS.format(before=before)], capture_output=True, text=True, check=True
    )
    return int(told.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_freed_memory_is_used_again() -> None:
    assert new_pages("keep_memory()") < new_pages("") / 4
