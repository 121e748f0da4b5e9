"""`rerank curate review`: the page on which curators place and judge photos."""

from typing import Annotated

import typer

from data.errors import SettingsError
from rerank.cli.curate_steps import ProjectFolder

Address = Annotated[
    str, typer.Option(help="IP address to listen at. Another than 127.0.0.1 lets the network in.")
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any that is free.")]
Names = Annotated[
    list[str] | None, typer.Option(help="A name of this machine that browsers may ask for; repeatable.")
]
Match = Annotated[str, typer.Option(help="EXTRACTOR+MATCHER that draws local matches; 'none' for none.")]
Retriever = Annotated[
    str | None,
    typer.Option(help="Order candidates by its descriptors, the likeliest first; default the nearest."),
]
Weights = Annotated[
    list[str] | None,
    typer.Option(help="For --match and --retriever: a folder of checkpoints, a file, or METHOD=FILE."),
]
Device = Annotated[str, typer.Option(help="For --match and --retriever: cpu, cuda, or auto.")]
TileAddress = Annotated[
    str,
    typer.Option(
        help="Draw street-map tiles below the positions, from an address with {z}, {x} and {y}. Its server "
        "then learns where you look; mind its terms. Default none: nothing is asked of anybody."
    ),
]
TileCredit = Annotated[
    str, typer.Option(help="Whom the map credits, such as '© OpenStreetMap contributors'.")
]
ViewerName = Annotated[
    str | None,
    typer.Option(
        "--viewer",
        help="Show the nearest street view of mapillary or panoramax in a frame. Its server then learns "
        "where you look; mind its terms. Mapillary needs the key that harvest needs. Default links alone.",
    ),
]
ViewerApi = Annotated[
    str | None, typer.Option(help="Another address of its interface, such as https://HOST/api of Panoramax.")
]
ViewerPage = Annotated[
    str | None,
    typer.Option(
        help="Another address of its viewer, with {id}, such as 'https://HOST/?focus=pic&pic={id}'."
    ),
]


def review(
    project: ProjectFolder,
    address: Address = "127.0.0.1",
    port: Port = 8700,
    name: Names = None,
    match: Match = "rootsift+ransac",
    retriever: Retriever = None,
    weights: Weights = None,
    device: Device = "cpu",
    tiles: TileAddress = "",
    tiles_credit: TileCredit = "",
    viewer: ViewerName = None,
    viewer_api: ViewerApi = None,
    viewer_page: ViewerPage = None,
) -> None:
    """Open a page to review photos, and to check the positives of accepted ones; Ctrl+C ends it.

    Prints the page's address, whose token lets in whoever has it. Photos without any database photo near
    are set aside before.
    """
    try:
        from rerank.curate.serving import matcher_of, ranker_of, serve
    except ImportError as error:
        raise SettingsError(
            f"the review page needs FastAPI and uvicorn ({error.name} is missing): "
            "pip install 'vpr-rerank[curate]'"
        ) from error
    from data.curation.positives import Ground, set_aside_lonely
    from data.curation.project import open_project
    from rerank.curate.tiles import Tiles
    from rerank.curate.viewer import viewer_of

    if (viewer_api or viewer_page) and not viewer:
        raise SettingsError("--viewer-api and --viewer-page are of a viewer: add --viewer")
    given = tuple(weights or ())
    street_map = Tiles(tiles, tiles_credit) if tiles else None
    matcher = matcher_of(match, given, device) if match != "none" else None
    with open_project(project) as opened:
        street = viewer_of(viewer, opened.grid, viewer_api, viewer_page) if viewer else None
        lonely = set_aside_lonely(opened, Ground(opened.database, opened.settings.threshold_m))
        if lonely:
            typer.echo(f"{len(lonely)} accepted photos have no database photo near and are set aside")
        serve(
            opened,
            address=address,
            port=port,
            names=name or (),
            match=matcher,
            rank=ranker_of(opened, retriever, given, device) if retriever else None,
            tiles=street_map,
            viewer=street,
            told=typer.echo,
        )
