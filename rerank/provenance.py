"""How a result was computed: the method with its settings and weights, and the machine's state.

None of it forbids a comparison (`rerank.protocol` does that), but results of different methods never
mix in one folder, and a difference of versions or hardware is told as a note.
"""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from networks.settings import settings_dict
from rerank.protocol import mapping_differences

DISTRIBUTION = "vpr-rerank"
PACKAGES = (
    "numpy", "scipy", "torch", "kornia", "opencv-python-headless", "faiss-cpu", "faiss-gpu-cu12",
    "h5py", "pillow", "poselib",
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One building block of a method: a retriever, an extractor or a matcher.

    settings: JSON-able, all of them. weights: digest of the state dict, "" without a network.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    weights: str = ""


@dataclass(frozen=True)
class Method:
    """What gave the scores: extractor and matcher, or the retriever alone. device: cpu or cuda."""

    parts: tuple[Part, ...]
    device: str = "cpu"
    precision: str = "float32"

    @property
    def name(self) -> str:
        """The parts' names: "rootsift+ransac", "cosplace"."""
        return "+".join(part.name for part in self.parts)

    @property
    def reranks(self) -> bool:
        """Whether this is more than a retriever alone."""
        return len(self.parts) > 1


@dataclass(frozen=True)
class Environment:
    """The software and hardware that a run had.

    package: this project's version. commit: of the checkout it ran from, with "+" where files were
    changed; None outside a checkout. versions: distribution -> version. cores: usable by the process.
    threads: of torch. memory_bytes: of the machine.
    """

    package: str
    commit: str | None
    python: str
    system: str
    versions: dict[str, str]
    cpu: str
    cores: int
    memory_bytes: int
    threads: int
    gpu: str | None = None


def method_differences(a: Method, b: Method) -> list[str]:
    """Say what differs between two methods: parts, precision, device; settings of parts that both have."""
    shared = {part.name for part in a.parts} & {part.name for part in b.parts}
    return mapping_differences(_method_mapping(a, shared), _method_mapping(b, shared))


def environment_differences(a: Environment, b: Environment) -> list[str]:
    """Say in words what differs between two environments."""
    return mapping_differences(settings_dict(a), settings_dict(b))


def current_environment() -> Environment:
    """Return the environment of this process."""
    import torch

    return Environment(
        package=_version(DISTRIBUTION) or "not installed",
        commit=_commit(Path(__file__).resolve().parent.parent),
        python=platform.python_version(),
        system=platform.platform(),
        versions={name: found for name in PACKAGES if (found := _version(name))},
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        threads=torch.get_num_threads(),
        gpu=torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    )


def _method_mapping(method: Method, shown: set[str]) -> dict[str, Any]:
    named = settings_dict(method)
    parts = named.pop("parts")
    named["method"] = method.name
    for part in parts:
        if part["name"] in shown:
            named[part["name"]] = {"weights (digest)": part["weights"], **part["settings"]}
    return named


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _cpu_model() -> str:
    """Return the processor's name as Linux tells it, elsewhere as Python does."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit(folder: Path) -> str | None:
    """Return the commit of the checkout whose top is `folder`; None where it is no checkout's top."""
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != folder:
        return None
    commit = _git(folder, "rev-parse", "HEAD")
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return f"{commit}+" if commit and changed else commit


def _git(folder: Path, *arguments: str) -> str | None:
    if shutil.which("git") is None:
        return None
    answer = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else None
