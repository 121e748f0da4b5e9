"""What the machine could do at best: matrix products, and reading of files."""

import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch

from networks.products import product
from networks.timing import Stopwatch

SIDE = 2048  # of the matrices
FILE_BYTES = 128 * 2**20
BLOCK_BYTES = 8 * 2**20
REPEATS = 5


def machine_limits() -> dict[str, float]:
    """Measure GFLOP/s of matrix products by precision, and MB/s of reading from memory and from the disk."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    formats = {"float32": torch.float32, "bf16": torch.bfloat16}
    products = {f"gemm_{name}_gflops": _product_gflops(kind, device) for name, kind in formats.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "block"
        path.write_bytes(os.urandom(BLOCK_BYTES) * (FILE_BYTES // BLOCK_BYTES))
        with path.open("rb+") as opened:
            os.fsync(opened.fileno())
        return {
            **products,
            "disk_read_mb_per_s": _read_mb_per_s(path, _forget),
            "cached_read_mb_per_s": _read_mb_per_s(path, lambda _: None),
        }


def _product_gflops(kind: torch.dtype, device: torch.device) -> float:
    one, other = (torch.rand(SIDE, SIDE, device=device).to(kind) for _ in range(2))
    return 2 * SIDE**3 / _median_s(lambda: product(one, other), device) / 1e9


def _read_mb_per_s(path: Path, before: Callable[[Path], None]) -> float:
    into = bytearray(BLOCK_BYTES)

    def read() -> None:
        with path.open("rb", buffering=0) as opened:
            while opened.readinto(into):
                pass

    return FILE_BYTES / _median_s(read, torch.device("cpu"), lambda: before(path)) / 1e6


def _forget(path: Path) -> None:
    """Have the system drop what it holds of a file in memory."""
    with path.open("rb") as opened:
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _median_s(
    work: Callable[[], object], device: torch.device, before: Callable[[], None] = lambda: None
) -> float:
    times = []
    for _ in range(1 + REPEATS):  # the first warms up
        before()
        clock = Stopwatch(device)
        with clock.measure("work"):
            work()
        times.append(clock.seconds["work"])
    return statistics.median(times[1:])
