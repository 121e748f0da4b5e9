// The map: database photos as dots, the old and the new position, the photo's cone; tiles below if any are given.
// Drag the new position or the tip of its cone; drag the ground or turn the wheel to look around.

import { byId } from "./dom.js";
import { Tiles } from "./tiles.js";

const CONE_DEG = 60;
const TIP_PX = 62;
const GRAB_PX = 13;
const AT_ONCE_M = 70; // half of what is seen of the ground at first

export class Ground {
  // tiles: address and credit of street-map tiles, null for none.
  constructor(changed, tiles) {
    this.canvas = byId("map");
    this.tiles = tiles && new Tiles(tiles, () => this.draw());
    byId("credit").textContent = tiles?.credit ?? "";
    this.changed = changed;
    this.spots = { origin: null, now: null };
    this.ground = [];
    this.centre = [0, 0];
    this.scale = 1;
    [this.width, this.height] = [1, 1]; // kept: asking the canvas for each dot would lay out the page anew
    this.held = null;
    new ResizeObserver(() => this.fit()).observe(this.canvas);
    this.canvas.addEventListener("pointerdown", (event) => this.grab(event));
    this.canvas.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, () => (this.held = null));
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.canvas.addEventListener("dblclick", (event) => this.put(this.metres(event)));
  }

  // plane: how metres lie on the map of the world, see tiles.js.
  show({ origin, ground, plane }, now, threshold) {
    Object.assign(this, { ground, threshold, plane, spots: { origin, now } });
    const away = Math.hypot(now[0] - origin[0], now[1] - origin[1]);
    this.reach = Math.max(AT_ONCE_M, 0.7 * away);
    this.centre = [(origin[0] + now[0]) / 2, (origin[1] + now[1]) / 2];
    this.fit();
  }

  set(now) {
    this.spots.now = now;
    this.draw();
  }

  fit() {
    const box = this.canvas.getBoundingClientRect();
    [this.width, this.height] = [box.width, box.height];
    this.canvas.width = Math.max(1, box.width * devicePixelRatio);
    this.canvas.height = Math.max(1, box.height * devicePixelRatio);
    this.scale = Math.min(box.width, box.height) / 2 / (this.reach ?? AT_ONCE_M);
    this.draw();
  }

  pixels([east, north]) {
    return [
      this.width / 2 + (east - this.centre[0]) * this.scale,
      this.height / 2 - (north - this.centre[1]) * this.scale,
    ];
  }

  metres(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      this.centre[0] + (event.clientX - box.left - box.width / 2) / this.scale,
      this.centre[1] - (event.clientY - box.top - box.height / 2) / this.scale,
    ];
  }

  tip() {
    const [x, y] = this.pixels(this.spots.now);
    const angle = ((this.spots.now[2] ?? 0) * Math.PI) / 180;
    return [x + TIP_PX * Math.sin(angle), y - TIP_PX * Math.cos(angle)];
  }

  grab(event) {
    if (!this.spots.now) return;
    this.canvas.setPointerCapture(event.pointerId);
    const box = this.canvas.getBoundingClientRect();
    const at = [event.clientX - box.left, event.clientY - box.top];
    const near = ([x, y]) => Math.hypot(at[0] - x, at[1] - y) <= GRAB_PX;
    const what = near(this.tip()) ? "tip" : near(this.pixels(this.spots.now)) ? "spot" : "ground";
    this.held = { what, from: this.metres(event) };
  }

  drag(event) {
    if (!this.held) return;
    const [east, north] = this.metres(event);
    if (this.held.what === "spot") this.put([east, north]);
    else if (this.held.what === "tip") {
      const turned = (Math.atan2(east - this.spots.now[0], north - this.spots.now[1]) * 180) / Math.PI;
      this.changed([this.spots.now[0], this.spots.now[1], (Math.round(turned) + 360) % 360]);
    } else {
      this.centre = [this.centre[0] - east + this.held.from[0], this.centre[1] - north + this.held.from[1]];
      this.draw();
    }
  }

  put([east, north]) {
    this.changed([Math.round(east * 100) / 100, Math.round(north * 100) / 100, this.spots.now[2]]);
  }

  wheel(event) {
    event.preventDefault();
    const [east, north] = this.metres(event);
    const factor = Math.min(2, Math.max(0.5, Math.exp(-event.deltaY / 300)));
    this.scale = Math.min(60, Math.max(0.01, this.scale * factor));
    const [nowEast, nowNorth] = this.metres(event);
    this.centre = [this.centre[0] + east - nowEast, this.centre[1] + north - nowNorth];
    this.draw();
  }

  draw() {
    if (!this.spots.now) return;
    this.canvas.dataset.scale = this.scale; // pixels a metre, for scripts that drag as curators do
    const pen = this.canvas.getContext("2d");
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    this.drawTiles(pen);
    this.drawGround(pen);
    this.drawCone(pen);
    const [origin, now] = [this.pixels(this.spots.origin), this.pixels(this.spots.now)];
    pen.strokeStyle = "#9aa1ad";
    line(pen, origin, now);
    circle(pen, origin, 6, null, "#9aa1ad");
    circle(pen, now, this.threshold * this.scale, null, "#f0c24b55");
    circle(pen, now, 7, "#f0c24b", "#14161a");
    circle(pen, this.tip(), 5, "#14161a", "#f0c24b");
    this.drawRuler(pen);
  }

  drawTiles(pen) {
    if (!this.tiles) return;
    const [east, north] = this.spots.origin;
    const [right, up] = [this.width / 2 / this.scale, this.height / 2 / this.scale];
    const centre = [this.centre[0] - east, this.centre[1] - north];
    const corners = [[-1, -1], [-1, 1], [1, -1], [1, 1]].map(([x, y]) => [centre[0] + x * right, centre[1] + y * up]);
    this.tiles.draw(pen, this.plane, corners, ([e, n]) => this.pixels([east + e, north + n]), this.scale);
  }

  drawGround(pen) {
    pen.strokeStyle = "#4d7bb8";
    for (const [east, north, heading] of this.ground) {
      const [x, y] = this.pixels([east, north]);
      if (x < -9 || y < -9 || x > this.width + 9 || y > this.height + 9) continue;
      pen.fillStyle = "#6fa4e8";
      pen.fillRect(x - 1.5, y - 1.5, 3, 3);
      if (heading === null) continue;
      const angle = (heading * Math.PI) / 180;
      line(pen, [x, y], [x + 8 * Math.sin(angle), y - 8 * Math.cos(angle)]);
    }
  }

  drawCone(pen) {
    if (this.spots.now[2] === null) return;
    const [x, y] = this.pixels(this.spots.now);
    const middle = ((this.spots.now[2] - 90) * Math.PI) / 180;
    const half = ((CONE_DEG / 2) * Math.PI) / 180;
    pen.beginPath();
    pen.moveTo(x, y);
    pen.arc(x, y, TIP_PX, middle - half, middle + half);
    pen.closePath();
    pen.fillStyle = "#f0c24b33";
    pen.fill();
  }

  drawRuler(pen) {
    const metres = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000].find((m) => m * this.scale > 50) ?? 10000;
    const right = this.width - 12;
    pen.strokeStyle = pen.fillStyle = "#e8eaee";
    line(pen, [right - metres * this.scale, 14], [right, 14]);
    pen.font = "11px system-ui";
    pen.textAlign = "right";
    pen.fillText(`${metres} m, north is up`, right, 27);
  }
}

function circle(pen, [x, y], radius, fill, stroke) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.strokeStyle = stroke;
  pen.lineWidth = 1.5;
  if (fill) {
    pen.fillStyle = fill;
    pen.fill();
  }
  pen.stroke();
}

function line(pen, from, to) {
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(...from);
  pen.lineTo(...to);
  pen.stroke();
}
