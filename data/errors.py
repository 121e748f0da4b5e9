"""The errors that the project raises on purpose; all derive from `RerankError`.

A message says what was found, what was expected, which file or query, and what to do next.
The command line prints it without a traceback and ends with a non-zero code.
"""


class RerankError(Exception):
    """Base of every error raised on purpose."""


class SettingsError(RerankError):
    """A setting, method or option is unknown, of the wrong type, or out of range."""


class PhotoError(RerankError):
    """A photo cannot be read: missing, empty, truncated, or not an image."""


class DatasetError(RerankError):
    """A dataset's folder, table or list file is missing or contradicts itself."""


class CacheError(RerankError):
    """A candidate cache is unreadable, of a newer format, or does not fit the dataset."""


class StoreError(RerankError):
    """A feature or descriptor store is unreadable, incomplete, or of other settings."""


class PairError(RerankError):
    """An extractor does not yield what a matcher needs."""


class WeightsError(RerankError):
    """A checkpoint is missing, damaged, forbidden by policy, or does not fit its network."""


class ResultError(RerankError):
    """A stored result is missing, unreadable, or of another configuration."""


class ProtocolError(RerankError):
    """Two results were measured under different protocols and must not be compared."""


class DiskSpaceError(RerankError):
    """The disk cannot hold what a run would write."""


class TrainingError(RerankError):
    """A training cannot start, go on from its checkpoint, or be exported."""


class CurationError(RerankError):
    """A curation project, its journal, or a provider of photos is missing, damaged, or answers wrongly."""
