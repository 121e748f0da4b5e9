"""A scripted curator, who knows the truth of the drawn city: keys, wheel and drags in a real browser."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from data.curation.project import Project
from data.curation.records import REASONS
from tests.data.curation.drawn import DrawnCity, Truth
from tests.rerank.chromium import expect, wait_until
from tests.rerank.curate.reviewing import press, wait_until_ready, wait_until_written

WHEEL_PX = 300.0  # by which the map's scale changes by a factor of e
FAR_M = 50.0  # beyond which the map is looked at from farther away
AGREED_M = 0.5  # nearer than that a photo is left where it is


@dataclass
class Hand:
    """A mouse on the map. at: where the photo's point is, pixels of the page; whole ones, as wheels tell."""

    page: Any
    at: tuple[int, int]

    def scale(self) -> float:
        """Return the map's pixels a metre."""
        return float(self.page.locator("#map").get_attribute("data-scale"))

    def zoom(self, factor: float) -> None:
        """Turn the wheel over the photo's point, which stays where it is; factor: 0.5 to 2."""
        wanted = self.scale() * factor
        self.page.mouse.move(*self.at)
        self.page.mouse.wheel(0, -WHEEL_PX * math.log(factor))
        scale = "Number(document.getElementById('map').dataset.scale)"
        wait_until(self.page, f"Math.abs({scale} / {wanted} - 1) < 0.01")

    def drag_to(self, east: float, north: float) -> None:
        """Drag the photo's point to a place, as near as a pixel of the map."""
        (was_east, was_north), scale = self.place(), self.scale()
        self.page.mouse.move(*self.at)
        self.page.mouse.down()
        right, down = (east - was_east) * scale, (was_north - north) * scale
        self.at = round(self.at[0] + right), round(self.at[1] + down)
        self.page.mouse.move(*self.at, steps=3)
        self.page.mouse.up()
        told = "document.getElementById('place').textContent.match(/-?[\\d.]+(?= [EN])/g).map(Number)"
        away = f"Math.hypot(({told})[0] - {east}, ({told})[1] - {north})"
        wait_until(self.page, f"{away} < {2 / scale + 0.2}")

    def place(self) -> tuple[float, float]:
        """Return east and north as the page tells them, to a tenth of a metre."""
        east, north = re.findall(r"-?[\d.]+(?= [EN])", self.page.locator("#place").inner_text())
        return float(east), float(north)


@dataclass
class Curator:
    """Judges what is shown by the truth. chosen: item -> where it was dragged to, metres."""

    page: Any
    project: Project
    city: DrawnCity
    chosen: dict[str, tuple[float, float]] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)

    def review(self, count: int) -> None:
        """Judge so many photos, which are all."""
        self._go_through(count, self._judge)

    def check_positives(self, count: int) -> None:
        """Confirm the first candidate of each accepted photo, or set aside those without any."""
        self.page.click("#mode")
        expect(self.page.locator("#title")).to_have_text("Check of positives")
        wait_until_ready(self.page)
        self._go_through(count, self._confirm)

    def _go_through(self, count: int, act: Callable[[str], None]) -> None:
        for left in range(count, 0, -1):
            expect(self.page.locator("#progress")).to_have_text(re.compile(f", {left} left$"))
            wait_until(self.page, "Boolean(document.body.dataset.shown)")
            act(str(self.page.locator("body").get_attribute("data-shown")))
        expect(self.page.locator("#progress")).to_have_text(re.compile(", 0 left$"))
        wait_until_written(self.page)

    def _judge(self, item: str) -> None:
        truth = self.city.truth_of(self.project.state().items[item].photo)
        reason = self._reason(truth)
        if reason:
            press(self.page, str(REASONS.index(reason) + 1))
        elif truth.error_m < AGREED_M:
            press(self.page, "a")
        else:
            self._move(truth)
            self.chosen[item] = truth.east, truth.north
            press(self.page, "m")

    def _reason(self, truth: Truth) -> str:
        """Return why a photo is rejected, "" for one to be taken; of copies the first is."""
        if truth.place == "indoor":
            return "indoor"
        if truth.light != "night":
            return "day"
        scene = truth.number if truth.copy_of is None else truth.copy_of
        if scene in self.seen:
            return "copy"
        self.seen.add(scene)
        return ""

    def _move(self, truth: Truth) -> None:
        box = self.page.locator("#map").bounding_box()
        hand = Hand(self.page, (round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2)))
        if truth.error_m > FAR_M:
            for factor in (0.5, 0.5):
                hand.zoom(factor)
            hand.drag_to(truth.east, truth.north)
            for factor in (2.0, 2.0):
                hand.zoom(factor)
        for _ in range(2):  # the second time to the pixel
            hand.drag_to(truth.east, truth.north)

    def _confirm(self, item: str) -> None:
        if self.page.locator("#strip figure").count():
            press(self.page, "c")
            return
        press(self.page, "x")
        expect(self.page.locator("#reasons")).to_be_visible()
        self.page.locator("#reasons").get_by_text("no database photo near").click()
