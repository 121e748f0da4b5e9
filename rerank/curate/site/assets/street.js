// The provider's own viewer of the street view nearest to the position, where the curator asked for one.

import { get } from "./api.js";
import { byId, element } from "./dom.js";

const SETTLED_MS = 300; // after the last move or photo, before anybody is asked
const ALLOWED = "allow-scripts allow-same-origin allow-popups"; // its scripts, in its own origin; not our page

export class Street {
  // viewer: its title and how far it looks, metres; null for none. wanted: whether it is shown at first.
  constructor(who, viewer, wanted) {
    Object.assign(this, { who, viewer, wanted: viewer !== null && wanted, asked: 0, address: "" });
    byId("street").addEventListener("mouseleave", () => this.release());
  }

  // Show what is near the position of the next photo, where the curator wants street views.
  show(spot) {
    this.spot = spot;
    this.clear("");
    this.open(this.wanted);
  }

  // The position was moved.
  follow(spot) {
    this.spot = spot;
    if (!byId("street").hidden) this.refresh();
  }

  toggle() {
    if (!this.viewer) throw new Error("Start with --viewer mapillary or --viewer panoramax to see street views here");
    this.wanted = byId("street").hidden;
    this.open(this.wanted);
  }

  // Show the reference until the next photo comes.
  leave() {
    this.open(false);
  }

  open(isOpen) {
    byId("street").hidden = !isOpen;
    if (isOpen) this.refresh();
    else this.clear("");
  }

  refresh() {
    clearTimeout(this.timer);
    const turn = ++this.asked;
    this.timer = setTimeout(() => this.load(turn), SETTLED_MS);
  }

  async load(turn) {
    const [east, north] = this.spot;
    try {
      const found = await get("/api/street", { who: this.who, east, north });
      if (turn === this.asked) this.frame(found);
    } catch (error) {
      if (turn === this.asked) this.clear(error.message);
    }
  }

  frame({ address, metres, heading, day }) {
    const { title, reach } = this.viewer;
    if (!address) return this.clear(`${title}: no image within ${reach} m`);
    const turned = heading === null ? "" : `, looking to ${heading.toFixed(0)}°`;
    this.tell(`${title}, ${metres} m away${turned}${day && `, taken ${day}`}`, false);
    if (address === this.address) return;
    this.address = address;
    // A new frame each time: another address for an old one would be a step of the browser's back button.
    byId("frame").replaceChildren(element("iframe", { title, sandbox: ALLOWED, src: address }));
  }

  clear(reason) {
    clearTimeout(this.timer);
    this.asked++;
    this.address = "";
    byId("frame").replaceChildren();
    this.tell(reason, true);
  }

  tell(text, isFault) {
    byId("street-about").textContent = text;
    byId("street-about").classList.toggle("warning", isFault);
  }

  // Keys are the review's again once the mouse has left the frame.
  release() {
    if (byId("street").contains(document.activeElement)) document.activeElement.blur();
    window.focus();
  }
}
