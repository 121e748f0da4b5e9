"""A run's folder, `results/DATASET/EXTRACTOR+MATCHER/`: filled query by query, then finished.

While a run goes on the folder holds `scores.journal`. At its end come `scores.h5` (the same bytes for
the same scores, however often the run was cut off), `timings.h5` (seconds of every query), and at last
`run.json`, whose presence says that the run is finished.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data.errors import ResultError
from networks.settings import settings_dict
from rerank.journal import AGAIN, ScoreJournal, record_type
from rerank.latency import WARM_UP_QUERIES, stage_row
from rerank.protocol import digest_of_candidates
from rerank.provenance import Environment, environment_differences
from rerank.run import BadPhoto, CacheUse, Origin, Run, RunIdentity, Shortlist, identity_differences
from rerank.run_files import (
    FORMAT,
    RUN_FILE,
    check_format,
    is_finished,
    parse,
    read_identity,
    read_run,
    write_run,
)

log = logging.getLogger(__name__)

JOURNAL_FILE = "scores.journal"


@dataclass(frozen=True)
class QueryScores:
    """What one query's scoring gave, in the shortlist's order of its K candidates.

    values: (K,), larger is better, -inf where a photo could not be used. matches, inliers: (K,) counts
    where the method has them, -1 where unknown. seconds: stage of `latency.STAGES` -> seconds; 0 for
    stages that the method lacks, absent where not measured.
    """

    values: np.ndarray
    matches: np.ndarray | None = None
    inliers: np.ndarray | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def unscored(cls, candidates: int) -> "QueryScores":
        """Return the scores of a query whose own photo cannot be used: the retriever's order stays."""
        return cls(np.full(candidates, -np.inf))


class RunFolder:
    """One run's folder.

    `begin`, `append` for every query not in `done_queries`, `finish`; the same calls after a kill go on
    where it stopped. `read` gives a finished run. A context manager, which lets the journal go.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._journal: ScoreJournal | None = None
        self._done: set[int] = set()
        self._before = 0

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def finished(self) -> bool:
        """Whether the folder holds a finished run."""
        return is_finished(self.path)

    def begin(self, identity: RunIdentity, environment: Environment) -> None:
        """Begin the run, or go on with it.

        Raises ResultError when the folder holds another run, naming what differs, or when another
        process is writing it.
        """
        self._identity, self._environment = identity, environment
        if not self.finished:
            self._take_up()
        if self.finished:  # before, or by a process that held the journal until a moment ago
            self._refuse_other(read_identity(self.path))
            self._drop_journal()
            self._done = set(range(identity.protocol.queries.count))
        for part in self.path.glob(".*.part"):  # what a kill left of a file in the making
            part.unlink()

    def done_queries(self) -> frozenset[int]:
        """Return the rows of the queries that are scored."""
        return frozenset(self._done)

    def scored(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the row and the values (K,) of every query that is scored, of an unfinished run."""
        for block in self._open_journal().blocks():
            yield from zip(block["query"].tolist(), block["values"], strict=True)

    def append(self, query_index: int, scores: QueryScores) -> None:
        """Keep the scores of one query; a kill after this call does not lose them.

        Raises ResultError for NaN scores, wrong shapes, unknown stages, and queries that are unknown or
        done.
        """
        journal = self._open_journal()
        protocol = self._identity.protocol
        if query_index in self._done or not 0 <= query_index < protocol.queries.count:
            raise ResultError(f"query {query_index} of {protocol.queries.count} is done or does not exist")
        record = np.zeros((), record_type(protocol.top_k))
        record["query"], record["turn"] = query_index, len(self._done) - self._before
        record["values"] = self._checked(scores.values, "values", query_index)
        for name in ("matches", "inliers"):
            counts = getattr(scores, name)
            record[name] = -1 if counts is None else self._checked(counts, name, query_index)
        record["seconds"] = stage_row(scores.seconds)
        journal.append(record)
        self._done.add(query_index)

    def finish(
        self,
        shortlist: Shortlist,
        *,
        bad_photos: Sequence[BadPhoto] = (),
        times: Mapping[str, float] | None = None,
        warm_up: int = WARM_UP_QUERIES,
        origin: Origin | None = None,
        cache: CacheUse | None = None,
    ) -> Run:
        """Write the finished run and drop the journal.

        times: stage of the whole run -> seconds. origin: where photos and features lie. cache: what a limit
        of features came to. Raises ResultError when queries are missing or the shortlist is not the one that
        the protocol names.
        """
        journal = self._open_journal()
        self._check_complete(shortlist)
        by_query = self._by_query(journal)
        run = Run(
            identity=self._identity,
            environment=self._environment,
            shortlist=shortlist,
            values=by_query["values"],
            matches=by_query["matches"],
            inliers=by_query["inliers"],
            seconds=by_query["seconds"],
            turns=by_query["turn"],
            bad_photos=tuple(bad_photos),
            times=dict(times or {}),
            notes=self._notes(journal),
            warm_up=warm_up,
            origin=origin,
            cache=cache,
        )
        try:
            write_run(self.path, run)
        except OSError as error:
            raise ResultError(f"{self.path} cannot be written: {error.strerror}. {AGAIN}") from error
        self._drop_journal()
        return run

    def read(self) -> Run:
        """Read the finished run; raises ResultError when there is none or it cannot be read."""
        return read_run(self.path)

    def close(self) -> None:
        """Let the journal go, for other processes to take up."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _take_up(self) -> None:
        """Open the journal, a new one or that of this same run, and see what it has."""
        protocol = self._identity.protocol
        header = {
            "format": FORMAT,
            "identity": settings_dict(self._identity),
            "environment": settings_dict(self._environment),
        }
        self._journal = ScoreJournal(self.path / JOURNAL_FILE, header, protocol.top_k)
        try:
            check_format(self._journal.header, self._journal.path)
            self._refuse_other(parse(RunIdentity, self._journal.header.get("identity"), self._journal.path))
        except ResultError:
            self.close()
            raise
        self._done = {query for block in self._journal.blocks() for query in block["query"].tolist()}
        self._before = len(self._done)
        if self._done:
            log.info("%s: going on after %d of %d queries", self.path, self._before, protocol.queries.count)

    def _open_journal(self) -> ScoreJournal:
        if self._journal is None:
            raise ResultError(f"{self.path} is not being written: it is finished, or was not begun")
        return self._journal

    def _refuse_other(self, found: RunIdentity) -> None:
        given = parse(RunIdentity, settings_dict(self._identity), self.path)  # as it reads from JSON
        differing = identity_differences(found, given)
        if differing:
            raise ResultError(
                f"{self.path} holds a run of another configuration (there against here): "
                f"{'; '.join(differing)}. Give another --results folder, or delete this one"
            )

    def _checked(self, array: np.ndarray, name: str, query_index: int) -> np.ndarray:
        expected = (self._identity.protocol.top_k,)
        if np.shape(array) != expected:
            raise ResultError(
                f"query {query_index}: {name} must be {expected}, one for each candidate, "
                f"found {np.shape(array)}"
            )
        if np.isnan(array).any():
            raise ResultError(
                f"query {query_index}: {self._identity.method.name} gave NaN as {name}; "
                "a candidate that cannot be scored gets -inf"
            )
        return array

    def _check_complete(self, shortlist: Shortlist) -> None:
        protocol = self._identity.protocol
        missing = protocol.queries.count - len(self._done)
        if missing:
            raise ResultError(f"{self.path}: {missing} of {protocol.queries.count} queries are not scored")
        digest = digest_of_candidates(shortlist.query_names, shortlist.indices)
        if digest != protocol.candidates_digest:
            raise ResultError(
                f"{self.path}: the shortlist is {digest}, the protocol names the candidates "
                f"{protocol.candidates_digest}"
            )

    def _by_query(self, journal: ScoreJournal) -> dict[str, np.ndarray]:
        """Return the arrays (Q, ...) of the journal's records by name, in the order of the queries."""
        protocol = self._identity.protocol
        kind = record_type(protocol.top_k)
        names = ("values", "matches", "inliers", "seconds", "turn")
        found = {
            name: np.empty((protocol.queries.count, *kind[name].shape), kind[name].base) for name in names
        }
        for block in journal.blocks():
            for name, array in found.items():
                array[block["query"]] = block[name]
        return found

    def _notes(self, journal: ScoreJournal) -> tuple[str, ...]:
        """Say what changed on the machine since the run was begun."""
        begun = parse(Environment, journal.header.get("environment"), journal.path)
        return tuple(
            f"begun with another environment: {change}"
            for change in environment_differences(begun, self._environment)
        )

    def _drop_journal(self) -> None:
        (self.path / JOURNAL_FILE).unlink(missing_ok=True)
        self.close()


def find_runs(folder: str | Path) -> list[RunFolder]:
    """Return the finished runs below `folder`, sorted by path."""
    return [RunFolder(path.parent) for path in sorted(Path(folder).rglob(RUN_FILE))]
