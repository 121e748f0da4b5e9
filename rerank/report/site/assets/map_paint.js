/* Painting the map: the database's places, the queries' marks, the scale. */
"use strict";

App.mapPaint = (() => {
  const { toPixels, roundLength } = App.window;
  const SCALE_PX = 140;
  // Rare outcomes are painted last, over the others.
  const ORDER = ["right", "unreachable", "wrong", "gained", "lost"];

  /* marked: [place, outcome, whether it is pointed at] of each query, places as [east, north] in metres. */
  function paint(canvas, view, ground, marked) {
    const ratio = devicePixelRatio || 1;
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    paintGround(context, view, ground);
    const halo = App.marks.colour("surface");
    for (const name of ORDER) {
      const put = App.marks.painter(context, name, halo);
      for (const [place, outcome, large] of marked) {
        if (outcome === name) put(toPixels(view, place), large ? 1.9 : 1.2);
      }
    }
    paintScale(context, view);
  }

  function paintGround(context, view, ground) {
    context.fillStyle = App.marks.colour("ground-dot");
    for (const place of ground) {
      const [x, y] = toPixels(view, place);
      context.fillRect(x - 1.5, y - 1.5, 3, 3);
    }
  }

  function paintScale(context, view) {
    const metres = roundLength(view, SCALE_PX);
    const length = metres * view.scale;
    const [left, bottom] = [16, view.height - 16];
    context.strokeStyle = context.fillStyle = App.marks.colour("muted");
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(left, bottom - 5);
    context.lineTo(left, bottom);
    context.lineTo(left + length, bottom);
    context.lineTo(left + length, bottom - 5);
    context.stroke();
    context.font = "12px system-ui, sans-serif";
    context.fillText(metres < 1000 ? `${metres} m` : `${metres / 1000} km`, left + 6, bottom - 6);
    context.fillText("N \u2191", left, bottom - 22);
  }

  return { paint };
})();
