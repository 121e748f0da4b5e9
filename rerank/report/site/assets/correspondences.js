/* Correspondences of two photos that lie side by side, drawn over them. */
"use strict";

App.correspondences = (() => {
  const { draw } = App.dom;

  /* found: { inliers, rejected } as x0, y0, x1, y1 after one another, in parts of the photos' sides.
     boxes: where both photos lie, { left, top, width, height } in pixels of the overlay. */
  function overlay(found, boxes, size, steps) {
    const at = (box, x, y) => [box.left + (x / steps) * box.width, box.top + (y / steps) * box.height];
    const lines = (values, kind) =>
      draw(
        "g",
        { class: kind },
        chunks(values).map(([x0, y0, x1, y1]) => line(at(boxes[0], x0, y0), at(boxes[1], x1, y1))),
      );
    return draw(
      "svg",
      { class: "overlay", viewBox: `0 0 ${size.width} ${size.height}`, "aria-hidden": "true" },
      lines(found.rejected, "rejected"),
      lines(found.inliers, "inliers"),
    );
  }

  function line([x0, y0], [x1, y1]) {
    return draw(
      "g",
      {},
      draw("line", { x1: x0, y1: y0, x2: x1, y2: y1 }),
      draw("circle", { cx: x0, cy: y0, r: 2 }),
      draw("circle", { cx: x1, cy: y1, r: 2 }),
    );
  }

  function chunks(values) {
    return Array.from({ length: values.length / 4 }, (_, index) => values.slice(4 * index, 4 * index + 4));
  }

  return { overlay };
})();
