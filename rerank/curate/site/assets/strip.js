// Candidates: database photos near the position, the selected one large, with local matches on demand.

import { get, post } from "./api.js";
import { byId, element } from "./dom.js";

const SETTLED_MS = 120; // after the last move, before candidates are asked for
const PARTS = 10000; // correspondences come in these parts of a photo's sides

export class Strip {
  // looked: called when the curator looks at a candidate, failed: when candidates cannot be had.
  constructor(who, { looked, failed }) {
    Object.assign(this, { who, looked, failed });
    this.near = [];
    this.selected = 0;
    this.asked = 0;
  }

  // chosen: name of the one that the curator has selected, which stays selected in another order.
  show(id, near, confirmed, chosen = "") {
    clearTimeout(this.timer);
    this.asked++;
    Object.assign(this, { id, near, confirmed, chosen, selected: 0 });
    const at = near.findIndex((one) => one.name === (chosen || confirmed));
    this.draw();
    this.select(Math.max(0, at));
  }

  // The position was moved, or the retriever's order is wanted.
  refresh(id, [east, north], wait = SETTLED_MS) {
    clearTimeout(this.timer);
    const turn = ++this.asked;
    this.timer = setTimeout(async () => {
      try {
        const near = await get("/api/near", { id, who: this.who, east, north });
        if (turn === this.asked) this.show(id, near, this.confirmed, this.chosen);
      } catch (error) {
        this.failed(error);
      }
    }, wait);
  }

  draw() {
    byId("strip").replaceChildren(
      ...this.near.map((one, index) =>
        element(
          "figure",
          {
            role: "option",
            className: one.name === this.confirmed ? "confirmed" : "",
            title: one.name,
            onclick: () => this.choose(index),
          },
          element("img", { src: `/database?index=${one.index}&px=320`, alt: "", loading: "lazy" }),
          element("figcaption", {}, `${one.metres} m`),
        ),
      ),
    );
  }

  select(index) {
    this.selected = index;
    this.clearLines();
    const one = this.near[index];
    [...byId("strip").children].forEach((child, at) => child.setAttribute("aria-selected", at === index));
    byId("strip").children[index]?.scrollIntoView({ block: "nearest", inline: "nearest" });
    const address = `/database?index=${one?.index}&px=960`;
    if (one && byId("shown").getAttribute("src") !== address) byId("shown").src = address;
    if (one && !byId("flick").hidden) byId("flick").src = address;
    byId("shown").hidden = !one;
    byId("empty").textContent = one ? "" : "No database photo near this position";
    if (!one) byId("flick").hidden = true;
  }

  choose(index) {
    this.looked();
    this.select(index);
    this.chosen = this.near[index].name;
  }

  step(by) {
    if (this.near.length) this.choose((this.selected + by + this.near.length) % this.near.length);
  }

  current() {
    return this.near[this.selected];
  }

  clearLines() {
    const canvas = byId("lines");
    canvas.width = canvas.width; // clears it
    document.body.classList.remove("matched");
  }

  async match() {
    const one = this.current();
    if (!one) return "";
    this.looked();
    const [id, asked] = [this.id, this.asked];
    const found = await post("/api/compare", { who: this.who, item: id, index: one.index });
    const photos = [byId("shown"), document.querySelector("#stage img")];
    await Promise.allSettled(photos.map((image) => image?.decode())); // lines need to know their sizes
    if (asked === this.asked && one === this.current()) this.drawLines(found);
    return `${found.counts[0]} inliers, ${found.counts[1]} rejected`;
  }

  // Lines from the photo to the reference, across both.
  drawLines(found) {
    const canvas = byId("lines");
    [canvas.width, canvas.height] = [canvas.clientWidth, canvas.clientHeight];
    const photo = areaOf(document.querySelector("#stage img"), canvas);
    const reference = areaOf(byId("shown"), canvas);
    const pen = canvas.getContext("2d");
    for (const [kind, colour] of [["rejected", "#f2786b66"], ["inliers", "#6fcf97cc"]]) {
      pen.strokeStyle = colour;
      for (let at = 0; at < found[kind].length; at += 4) {
        const [x0, y0, x1, y1] = found[kind].slice(at, at + 4);
        pen.beginPath();
        pen.moveTo(...within(photo, x0, y0));
        pen.lineTo(...within(reference, x1, y1));
        pen.stroke();
      }
    }
    document.body.classList.add("matched");
  }
}

// Where an image that keeps its shape is, in pixels of the canvas above it.
function areaOf(image, canvas) {
  const [box, under] = [image.getBoundingClientRect(), canvas.getBoundingClientRect()];
  const scale = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
  const [width, height] = [image.naturalWidth * scale, image.naturalHeight * scale];
  const left = box.left - under.left + (box.width - width) / 2;
  const top = box.top - under.top + (box.height - height) / 2;
  return { left, top, width, height };
}

function within({ left, top, width, height }, x, y) {
  return [left + (x / PARTS) * width, top + (y / PARTS) * height];
}
