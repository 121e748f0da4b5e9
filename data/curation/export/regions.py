"""Neighbourhoods as polygons of a GeoJSON file (RFC 7946), and how many places lie in each."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.path import Path as Outline

from data.curation.grid import Grid
from data.errors import CurationError

_NAMES = ("name", "NAME", "Name", "neighbourhood", "neighborhood")


@dataclass(frozen=True, eq=False)
class Region:
    """A neighbourhood. outlines: one for each of its polygons, holes included, in metres of the grid."""

    name: str
    outlines: tuple[Outline, ...]

    def count(self, places: np.ndarray) -> int:
        """Count how many of (N, 2) places, in metres, lie inside."""
        inside = np.zeros(len(places), bool)
        for outline in self.outlines:
            inside |= _inside(outline, places)
        return int(inside.sum())


def read_regions(path: Path, grid: Grid) -> list[Region]:
    """Read the polygons of a GeoJSON file, in the order of the file.

    Features that are no polygons are left out. Raises CurationError for a file that is no GeoJSON, holds no
    polygon, or lies too far from the grid's zone.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        features = found["features"] if found.get("type") == "FeatureCollection" else [found]
        regions = [region for number, one in enumerate(features, 1) if (region := _region(one, number, grid))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise CurationError(f"{path}: cannot be read as GeoJSON polygons: {error}") from error
    if not regions:
        raise CurationError(f"{path}: holds no Polygon or MultiPolygon")
    return regions


def _region(feature: dict[str, Any], number: int, grid: Grid) -> Region | None:
    geometry = feature.get("geometry") or {}
    if geometry.get("type") not in ("Polygon", "MultiPolygon"):
        return None
    found = geometry["coordinates"]
    polygons = [found] if geometry["type"] == "Polygon" else found
    properties = feature.get("properties") or {}
    name = next((str(properties[key]) for key in _NAMES if properties.get(key)), f"region {number}")
    return Region(name, tuple(_outline(rings, grid) for rings in polygons))


def _outline(rings: list[list[list[float]]], grid: Grid) -> Outline:
    """Return the rings of one polygon, the outer first, as one outline."""
    parts = []
    for ring in rings:
        degrees = np.array([point[:2] for point in ring], np.float64)[:, ::-1]  # GeoJSON has lon, lat
        parts.append(Outline(grid.to_metres(degrees), closed=True))
    return Outline.make_compound_path(*parts)


def _inside(outline: Outline, places: np.ndarray) -> np.ndarray:
    """Tell which places lie in an odd number of the rings: in the outer one and in no hole."""
    odd = np.zeros(len(places), bool)
    for ring in outline.to_polygons(closed_only=True):
        odd ^= Outline(ring).contains_points(places)
    return odd
