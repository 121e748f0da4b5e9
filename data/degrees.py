"""Latitude and longitude to UTM."""

import string
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import utm


def degrees_to_utm(
    latitudes: Sequence[float], longitudes: Sequence[float], zones: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Convert N positions in degrees (WGS 84) to UTM.

    latitudes: -80 to 84. longitudes: -180 to 180. zones: for each photo the zone whose number to use,
    as "10S" or "10", or "" for the zone that it lies in; one number for all keeps distances true
    across a border between zones. Returns positions (N, 2) float64, east and north in metres, and the
    zones (N,) as "10S".
    """
    latitude, longitude = np.array(latitudes, np.float64), np.array(longitudes, np.float64)
    members: dict[tuple[int, str], list[int]] = defaultdict(list)
    for index, zone in enumerate(zones):
        digits = zone.rstrip(string.ascii_letters)
        number = int(digits) if digits else utm.latlon_to_zone_number(latitude[index], longitude[index])
        members[number, utm.latitude_to_zone_letter(latitude[index])].append(index)
    positions = np.empty((len(latitude), 2), np.float64)
    names = np.empty(len(latitude), "U3")
    for (number, letter), rows in members.items():
        east, north, *_ = utm.from_latlon(latitude[rows], longitude[rows], number, letter)
        positions[rows] = np.stack([east, north], axis=1)
        names[rows] = f"{number}{letter}"
    return positions, names
