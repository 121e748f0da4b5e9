// Street-map tiles below the plot, where the curator gave the address of a server of them.

const TILE_PX = 256;
const DEEPEST = 19;
const MOST = 60; // tiles at once
const KEPT = 300;
const SHADE = "#1d2026a6"; // over the tiles, so that marks stand out
const SEAM = 0.004; // of a tile, by which neighbours overlap

export class Tiles {
  // loaded: called when another tile can be drawn.
  constructor({ template }, loaded) {
    Object.assign(this, { template, loaded, images: new Map() });
  }

  // plane: x, y of the origin on the map of the world, what a metre to the east adds to both, and to the north.
  // corners: the canvas's, in metres from the origin; pixels: from these to the canvas; scale: pixels a metre.
  draw(pen, plane, corners, pixels, scale) {
    const [x0, y0, xEast, yEast, xNorth, yNorth] = plane;
    const world = corners.map(([east, north]) => [x0 + east * xEast + north * xNorth, y0 + east * yEast + north * yNorth]);
    const zoom = Math.max(0, Math.min(DEEPEST, Math.round(Math.log2(scale / Math.hypot(xEast, yEast) / TILE_PX))));
    const count = 2 ** zoom;
    const [left, right] = range(world.map(([x]) => x * count));
    const [top, bottom] = range(world.map(([, y]) => y * count));
    if ((right - left + 1) * (bottom - top + 1) > MOST) return;
    const determinant = xEast * yNorth - xNorth * yEast;
    const place = (column, row) => {
      const [x, y] = [column / count - x0, row / count - y0];
      return pixels([(x * yNorth - y * xNorth) / determinant, (y * xEast - x * yEast) / determinant]);
    };
    for (let row = Math.max(0, top); row <= Math.min(count - 1, bottom); row++)
      for (let column = left; column <= right; column++)
        this.paint(pen, this.image(zoom, ((column % count) + count) % count, row), place, column, row);
    pen.fillStyle = SHADE;
    pen.fillRect(0, 0, pen.canvas.clientWidth, pen.canvas.clientHeight);
  }

  paint(pen, image, place, column, row) {
    if (!image.complete || !image.naturalWidth) return;
    const [[x, y], [xRight, yRight], [xDown, yDown]] = [place(column, row), place(column + 1, row), place(column, row + 1)];
    pen.save();
    pen.transform(xRight - x, yRight - y, xDown - x, yDown - y, x, y);
    pen.drawImage(image, 0, 0, 1 + SEAM, 1 + SEAM);
    pen.restore();
  }

  image(zoom, column, row) {
    const values = { "{z}": zoom, "{x}": column, "{y}": row };
    const address = this.template.replace(/\{[zxy]\}/g, (name) => values[name]);
    if (!this.images.has(address)) {
      const image = new Image();
      image.onload = this.loaded;
      image.src = address;
      this.images.set(address, image);
      if (this.images.size > KEPT) this.images.delete(this.images.keys().next().value);
    }
    return this.images.get(address);
  }
}

function range(values) {
  return [Math.floor(Math.min(...values)), Math.floor(Math.max(...values))];
}
