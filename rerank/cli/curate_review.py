"""`rerank curate review`: the page on which curators place and judge photos."""

from typing import Annotated

import typer

from rerank.cli.curate_steps import ProjectFolder


def review(
    project: ProjectFolder,
    address: Annotated[
        str, typer.Option(help="IP address to listen at. Another than 127.0.0.1 lets the network in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any that is free.")] = 8700,
    name: Annotated[
        list[str] | None, typer.Option(help="A name of this machine that browsers may ask for; repeatable.")
    ] = None,
    match: Annotated[
        str,
        typer.Option(help="EXTRACTOR+MATCHER that draws local matches; 'none' for none."),
    ] = "rootsift+ransac",
    retriever: Annotated[
        str | None,
        typer.Option(help="Order candidates by its descriptors, the likeliest first; default the nearest."),
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(help="For --match and --retriever: a folder of checkpoints, a file, or METHOD=FILE."),
    ] = None,
    device: Annotated[str, typer.Option(help="For --match and --retriever: cpu, cuda, or auto.")] = "cpu",
) -> None:
    """Open a page to review photos, and to check the positives of accepted ones; Ctrl+C ends it.

    Prints the page's address, whose token lets in whoever has it. Photos without any database photo near
    are set aside before.
    """
    try:
        from rerank.curate.serving import matcher_of, ranker_of, serve
    except ImportError as error:
        from data.errors import SettingsError

        raise SettingsError(
            f"the review page needs FastAPI and uvicorn ({error.name} is missing): "
            "pip install 'vpr-rerank[curate]'"
        ) from error
    from data.curation.positives import Ground, set_aside_lonely
    from data.curation.project import open_project

    given = tuple(weights or ())
    matcher = matcher_of(match, given, device) if match != "none" else None
    with open_project(project) as opened:
        lonely = set_aside_lonely(opened, Ground(opened.database, opened.settings.threshold_m))
        if lonely:
            typer.echo(f"{len(lonely)} accepted photos have no database photo near and are set aside")
        rank = ranker_of(opened, retriever, given, device) if retriever else None
        serve(opened, address=address, port=port, names=name or (), match=matcher, rank=rank, told=typer.echo)
