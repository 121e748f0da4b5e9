"""Which folders an export may replace."""

from pathlib import Path

from data.errors import CurationError

MARKER = "export.json"  # says that a folder is an export, and may be replaced by one


def check_replaceable(target: Path) -> None:
    """Refuse to replace what is no export; raises CurationError, saying what is there."""
    if target.is_file():
        raise CurationError(f"{target} is a file; give another folder")
    found = sorted(path.name for path in target.iterdir()) if target.is_dir() else []
    if found and MARKER not in found:
        raise CurationError(
            f"{target} is not empty and no export of this program (it holds {found[0]} and no {MARKER}); "
            "nothing was changed. Give another folder"
        )
