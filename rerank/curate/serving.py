"""Starting the review server."""

import ipaddress
import logging
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from data.curation.project import Project
from data.errors import SettingsError
from rerank.curate.app import MatchPhotos, RankPhotos, make_app
from rerank.curate.tiles import Tiles
from rerank.curate.viewer import Viewer

WORKERS = 2  # decoding threads, while a retriever learns
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

log = logging.getLogger(__name__)


def serve(
    project: Project,
    *,
    address: str = "127.0.0.1",
    port: int = 0,
    names: Sequence[str] = (),
    match: MatchPhotos | None = None,
    rank: RankPhotos | None = None,
    tiles: Tiles | None = None,
    viewer: Viewer | None = None,
    told: Callable[[str], Any] = log.info,
) -> None:
    """Serve the review page until it is interrupted.

    address: to listen at; another than the loopback's lets others on the network in who have the token.
    port: 0 for any that is free. names: of this machine, under which browsers may ask. match: draws local
    matches, None for none. rank: orders candidates, None for the nearest first. tiles: below the map, None
    for a plot alone. viewer: of street views, None for links alone. told: is given the address to open.
    Raises SettingsError where the address or the port cannot be had.
    """
    import uvicorn

    opened = _listen(address, port)
    port = opened.getsockname()[1]
    hosts = [f"{name}:{port}" for name in (*LOOPBACK, *names, _bracketed(address))]
    app, token = make_app(project, hosts, match=match, rank=rank, tiles=tiles, viewer=viewer)
    shown = "127.0.0.1" if ipaddress.ip_address(address).is_unspecified else _bracketed(address)
    told(f"http://{shown}:{port}/?token={token}")
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", server_header=False)
    uvicorn.Server(config).run(sockets=[opened])


def matcher_of(pair: str, weights: Sequence[str] = (), device: str = "cpu") -> MatchPhotos:
    """Return what draws the matches of EXTRACTOR+MATCHER, which is built when it is first asked.

    Raises SettingsError or PairError for a pair that does not fit.
    """
    import numpy as np

    from data.photos import photo_size
    from rerank.configuration import Configuration
    from rerank.pictures.methods import Photo, pair_of_name
    from rerank.report.correspondences import drawn

    method = pair_of_name(pair, Configuration("", weights=tuple(weights), device=device))

    def match(query: Path, candidate: Path) -> dict[str, Any]:
        sizes = [np.array(photo_size(path)[::-1], np.float64) for path in (query, candidate)]
        return drawn(method.matches(Photo(query), Photo(candidate)), sizes)

    return match


def ranker_of(
    project: Project, retriever: str, weights: Sequence[str] = (), device: str = "cpu"
) -> RankPhotos:
    """Return what orders candidates by a retriever's descriptors; raises SettingsError, WeightsError."""
    from rerank.curate.describing import retriever_of
    from rerank.curate.ranking import ranker

    return ranker(project, *retriever_of(project, retriever, weights, device, WORKERS))


def _listen(address: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
        opened = socket.socket(family)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((address, port))
    except (OSError, ValueError, OverflowError) as error:
        raise SettingsError(f"{address}, port {port}: cannot be listened at: {error}") from error
    return opened


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
