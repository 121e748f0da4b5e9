"""Making pictures: from photos and methods to figures."""

from collections.abc import Sequence
from dataclasses import replace

from matplotlib.figure import Figure

from extractors import Features
from rerank.pictures.finding import candidate_photo, query_photo
from rerank.pictures.keypoints import Found, Sight, draw_keypoints
from rerank.pictures.matches import Link, draw_matches
from rerank.pictures.methods import FeatureSource, Pair, Photo
from rerank.pictures.photos import Picture, load_picture
from rerank.pictures.predictions import draw_predictions, reranked, retrieved
from rerank.plots.panels import labels_of
from rerank.run import Run
from rerank.task import Task

PHOTO_PX = 800  # longer side of a photo in a picture, at most
SMALL_PX = 400  # the same where many are beside each other


def picture_keypoints(photos: Sequence[Photo], sources: Sequence[FeatureSource]) -> Figure:
    """Draw what extractors find in photos.

    Raises PhotoError for a photo that cannot be read and whose features are not stored either.
    """
    sights = []
    for photo in photos:
        found = [Found(source.label, source.settings, source.features(photo)) for source in sources]
        exif = sources[0].exif if sources else True
        picture = load_picture(photo.path, PHOTO_PX, exif=exif)
        sights.append(Sight(photo.path.name, _sized(picture, [item.features for item in found]), found))
    return draw_keypoints(sights)


def picture_matches(
    query: Photo, candidate: Photo, pairs: Sequence[Pair], scores: Sequence[float | None]
) -> Figure:
    """Draw what pairs of methods find between two photos; scores: of each pair, None where unknown.

    Raises PhotoError as `picture_keypoints` does.
    """
    links = []
    for pair, score in zip(pairs, scores, strict=True):
        features = pair.source.features(query), pair.source.features(candidate)
        links.append(Link(pair.label, pair.source.settings, features, pair.matcher.match(*features), score))
    exif = pairs[0].source.exif if pairs else True
    pictures = [
        _sized(load_picture(photo.path, PHOTO_PX, exif=exif), [link.features[side] for link in links])
        for side, photo in enumerate((query, candidate))
    ]
    return draw_matches(pictures[0], pictures[1], links, names=(query.path.name, candidate.path.name))


def picture_predictions(runs: Sequence[Run], task: Task, query: int, top: int) -> Figure:
    """Draw a query with its first `top` candidates, before re-ranking and after it by each run.

    runs: on the queries of `task`. Everything comes from stored results and the photos; photos that are
    not there are drawn as empty frames.
    """
    photo, exif = query_photo(task, query), task.protocol.exif
    rankings = [retrieved(runs[0], query, top)]
    rankings += [reranked(run, label, query, top) for run, label in zip(runs, labels_of(runs), strict=True)]
    return draw_predictions(
        photo.path.name,
        load_picture(photo.path, PHOTO_PX, exif=exif),
        rankings,
        lambda index: load_picture(candidate_photo(task, index).path, SMALL_PX, exif=exif),
    )


def _sized(picture: Picture, features: Sequence[Features]) -> Picture:
    """Give a photo that could not be read the size that its stored features have it in."""
    if picture.pixels is not None or not features:
        return picture
    return replace(picture, size=features[0].image_size)
