"""The record of one published checkpoint: its name, address, digests and licence."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Checkpoint:
    """One published file.

    file: name in the weights folder, POSIX. purpose: what it is for. licence: of the weights.
    commercial: whether that licence allows commercial use. copyleft: whether it binds what is
    derived. address: where it is downloaded from, None where only a person can. by_hand: how a
    person gets it. sha256, git_blob (git's own object id), size_bytes: None where not known.
    container: how the tensors lie in the file, where it is not a plain state dict.
    parts: (prefix, file) of the published files that this one is put together from, where nobody publishes
    it whole; the prefix goes before the keys of that file.
    """

    file: str
    purpose: str
    licence: str
    commercial: bool
    copyleft: bool = False
    address: str | None = None
    by_hand: str = ""
    sha256: str | None = None
    git_blob: str | None = None
    size_bytes: int | None = None
    container: str = ""
    parts: tuple[tuple[str, str], ...] = ()

    @property
    def permissive(self) -> bool:
        """Tell whether the weights may be used in any product, commercial and closed included."""
        return self.commercial and not self.copyleft


def unlisted(file: str) -> Checkpoint:
    """Return the entry of a file that is not in the table, such as a plug-in's: nothing is known of it."""
    return Checkpoint(file, purpose="not in the table", licence="unknown", commercial=False)
