/* The marks of outcomes: on the map's canvas, and as small pictures in lists. */
"use strict";

App.marks = (() => {
  const { draw } = App.dom;
  const SHAPES = {
    right: "M0-4.4A4.4 4.4 0 1 1 0 4.4A4.4 4.4 0 1 1 0-4.4Z",
    gained: "M0-5.4L5.2 4.2L-5.2 4.2Z",
    lost: "M0 5.4L5.2-4.2L-5.2-4.2Z",
    wrong: "M-4-4L4 4M4-4L-4 4",
    unreachable: "M0-4A4 4 0 1 1 0 4A4 4 0 1 1 0-4Z",
  };
  const OPEN = ["wrong", "unreachable"];

  function picture(outcome) {
    return draw(
      "svg",
      { class: `mark ${outcome}`, viewBox: "-7 -7 14 14", width: 14, height: 14, "aria-hidden": "true" },
      draw("path", { d: SHAPES[outcome], class: OPEN.includes(outcome) ? "open" : "solid" }),
    );
  }

  /* A colour of the stylesheet as a canvas takes it, in the theme that is on. */
  function colour(name) {
    const probe = App.dom.make("span", { hidden: true, vars: { color: `var(--${name})` } });
    document.body.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }

  /* Something that paints marks of one outcome at pixels; colours are read once. */
  function painter(context, outcome, halo) {
    const path = new Path2D(SHAPES[outcome]);
    const paint = colour(outcome);
    const isOpen = OPEN.includes(outcome);
    return ([x, y], size) => {
      context.save();
      context.translate(x, y);
      context.scale(size, size);
      context.lineJoin = "round";
      context.strokeStyle = halo;
      context.lineWidth = isOpen ? 4.5 : 2;
      context.stroke(path);
      context.strokeStyle = context.fillStyle = paint;
      context.lineWidth = 2;
      if (isOpen) context.stroke(path);
      else context.fill(path);
      context.restore();
    };
  }

  return { picture, painter, colour };
})();
