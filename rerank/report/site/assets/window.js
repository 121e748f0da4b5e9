/* The map's window: which metres are shown on which pixels. East is right, north is up. */
"use strict";

App.window = (() => {
  const MARGIN = 28;
  const LEAST_EXTENT_M = 40;
  const CLOSEST = 40;

  /* A window of width x height pixels that holds all places, [east, north] in metres. */
  function fit(places, width, height) {
    const easts = places.map(([east]) => east);
    const norths = places.map(([, north]) => north);
    const [west, east, south, north] = [
      extreme(easts, Math.min),
      extreme(easts, Math.max),
      extreme(norths, Math.min),
      extreme(norths, Math.max),
    ];
    const scale = Math.min(
      (width - 2 * MARGIN) / Math.max(east - west, LEAST_EXTENT_M),
      (height - 2 * MARGIN) / Math.max(north - south, LEAST_EXTENT_M),
    );
    return {
      east: (west + east) / 2,
      north: (south + north) / 2,
      scale: Math.max(scale, 1e-9),
      least: Math.max(scale, 1e-9) / 4,
      width,
      height,
    };
  }

  const extreme = (values, choose) => values.reduce((found, value) => choose(found, value), values[0] ?? 0);

  const toPixels = (view, [east, north]) => [
    view.width / 2 + (east - view.east) * view.scale,
    view.height / 2 - (north - view.north) * view.scale,
  ];
  const panned = (view, right, down) => ({
    ...view,
    east: view.east - right / view.scale,
    north: view.north + down / view.scale,
  });

  /* Zoomed by a factor around a pixel, which keeps showing the same place. */
  function zoomed(view, factor, [x, y]) {
    const scale = Math.min(Math.max(view.scale * factor, view.least), Math.max(CLOSEST, view.least));
    const [right, down] = [x - view.width / 2, y - view.height / 2];
    return {
      ...view,
      scale,
      east: view.east + right / view.scale - right / scale,
      north: view.north - down / view.scale + down / scale,
    };
  }

  /* A round length in metres that takes at most so many pixels: 1, 2 or 5 times a power of ten. */
  function roundLength(view, most) {
    const metres = most / view.scale;
    const power = 10 ** Math.floor(Math.log10(metres));
    return [5, 2, 1].map((step) => step * power).find((length) => length <= metres);
  }

  return { fit, toPixels, panned, zoomed, roundLength };
})();
