// The photos: the next ones are fetched and decoded before they are asked for.

import { get } from "./api.js";
import { element } from "./dom.js";

const KEPT = 12; // pictures and items behind and ahead
const SHOWN_PX = 960;
const ZOOMED_PX = 2560;

export class Gallery {
  constructor(stage) {
    this.stage = stage;
    this.pictures = new Map();
  }

  picture(id) {
    const found = this.pictures.get(id) ?? this.load(id);
    this.pictures.delete(id); // and to the end: the latest asked for
    this.pictures.set(id, found);
    while (this.pictures.size > KEPT) this.pictures.delete(this.pictures.keys().next().value);
    return found;
  }

  load(id, px = SHOWN_PX) {
    const address = addressOf(id, px);
    const image = element("img", { alt: "", draggable: false, src: address });
    const ready = image.decode().then(
      () => image,
      () => whyNot(address),
    );
    return { image, ready };
  }

  // Put a photo on the stage; resolves when it could be painted, or what is in its place.
  async show(id) {
    const { image, ready } = this.picture(id);
    if (image.complete && image.naturalWidth) this.stage.replaceChildren(image);
    this.shown = id;
    const node = await ready;
    if (this.shown === id && this.stage.firstChild !== node) this.stage.replaceChildren(node);
  }

  // Put the shown photo on the stage in more pixels, for a look at details.
  async enlarge() {
    const { shown } = this;
    const { ready } = this.load(shown, ZOOMED_PX);
    const node = await ready;
    if (this.shown === shown && this.stage.querySelector("img")) this.stage.replaceChildren(node);
  }
}

function addressOf(id, px) {
  return `/photo?${new URLSearchParams({ id, px })}`;
}

async function whyNot(address) {
  const [path, parameters] = address.split("?");
  const reason = await get(path, new URLSearchParams(parameters)).catch((error) => error.message);
  return element("p", { className: "warning" }, `This photo cannot be shown. ${reason}`);
}
