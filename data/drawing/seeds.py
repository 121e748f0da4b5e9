"""Seeded randomness: every thing of the city has its own generator, so adding a car changes no facade."""

from enum import IntEnum

import numpy as np


class Thing(IntEnum):
    """What a random generator is for."""

    STYLES = 1
    PLAN = 2
    FACADE = 3
    VEHICLE = 4
    TREE = 5
    TREE_SIZE = 6
    PERSON = 7
    LAMPS = 8
    SHOP_LIGHTS = 9
    SKY = 10
    GROUND = 11
    TRAFFIC = 12
    LIT_WINDOWS = 13
    OCCLUDERS = 14
    SENSOR = 15
    STATION = 16
    DATABASE_WEATHER = 17
    QUERY_CHOICE = 18
    QUERY = 19


def generator(thing: Thing, *numbers: int) -> np.random.Generator:
    """Return the random generator of one thing, told apart by numbers such as the city's seed."""
    return np.random.default_rng((int(thing), *numbers))
