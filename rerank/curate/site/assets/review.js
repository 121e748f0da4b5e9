// One curator's way through the queue: what is shown, what was decided, what comes next.

import { get } from "./api.js";
import { byId } from "./dom.js";
import { askReason } from "./dialogs.js";
import { Gallery } from "./gallery.js";
import { Ground } from "./map.js";
import { Outbox } from "./outbox.js";
import { same, tell, tellPlace } from "./panels.js";
import { Speed, painted } from "./speed.js";
import { Street } from "./street.js";
import { Strip } from "./strip.js";

const AHEAD = 5; // photos loaded before they are asked for
const POLL_MS = 4000;
const UNPAINTED_MS = 300; // after which all around a photo is drawn that is not there yet

export class Review {
  constructor(who, mode, session, say) {
    Object.assign(this, { who, mode, session, say });
    this.queue = session.queue.map(([id, todo]) => ({ id, todo }));
    this.items = new Map();
    this.at = -1;
    this.goings = 0; // what an earlier going to a photo waited for is of no use
    this.acted = new Set(); // photos that were judged since others' work was asked for
    this.gallery = new Gallery(byId("stage"));
    this.map = new Ground((spot) => this.put(spot), session.tiles);
    this.street = new Street(who, session.viewer, mode === "review");
    this.strip = new Strip(who, { looked: () => this.street.leave(), failed: (error) => say(error.message) });
    this.speed = new Speed();
    this.outbox = new Outbox(who, {
      changed: (count, reason) => this.tellUnsent(count, reason),
      refused: (act, error) => this.refused(act, error),
    });
    this.sequence = session.sequence;
    setInterval(() => this.follow().catch(() => {}), POLL_MS);
  }

  begin() {
    const first = this.queue.findIndex((entry) => entry.todo);
    return this.go(first < 0 ? this.queue.length - 1 : first, null);
  }

  get entry() {
    return this.queue[this.at];
  }

  fetch(id) {
    if (!this.items.has(id)) {
      const asked = get("/api/item", { id, who: this.who, mode: this.mode });
      asked.catch(() => this.items.delete(id));
      this.items.set(id, asked);
      if (this.items.size > 40) this.items.delete(this.items.keys().next().value);
    }
    return this.items.get(id);
  }

  // begun: when the key was pressed, null where none was.
  async go(at, begun = performance.now()) {
    if (at < 0 || at >= this.queue.length) return;
    this.at = at;
    const { id } = this.entry;
    const going = ++this.goings;
    this.item = null; // keys wait until the next one is there
    Object.assign(document.body.dataset, { item: "", shown: "" });
    this.tellProgress();
    const shown = this.gallery.show(id);
    try {
      const item = await this.fetch(id);
      if (going !== this.goings) return;
      this.open(item);
    } catch (error) {
      if (going !== this.goings) return;
      this.entry.todo = false;
      this.say(error.message);
    }
    await shown;
    if (going !== this.goings) return;
    await painted();
    if (begun !== null) this.speed.take(performance.now() - begun);
    this.outbox.pump(); // now that nobody waits for the picture
    if (going !== this.goings) return;
    this.settle();
    this.ahead();
    document.body.dataset.shown = id; // the photo, and all around it
  }

  open(item) {
    this.item = item;
    this.spot = [...item.spot];
    this.panorama = "";
    this.begun = performance.now();
    document.body.dataset.item = item.id;
    document.body.classList.remove("zoomed");
    this.isOpening = true; // the photo is painted first, all around it in a frame after
    setTimeout(() => this.settle(), UNPAINTED_MS);
  }

  // Draw what belongs to the photo, unless that was done; nothing may act on the panels of the last one.
  settle() {
    if (!this.isOpening || !this.item) return;
    this.isOpening = false;
    const { item } = this;
    tell(item);
    tellPlace(item, this.spot);
    this.tellDecision();
    this.map.show(item, this.spot, this.session.threshold);
    this.strip.show(item.id, item.near, item.match?.reference ?? "");
    if (this.session.ranked) this.strip.refresh(item.id, this.spot, 0);
    this.street.show(this.spot);
  }

  ahead() {
    for (const { id } of this.upcoming(AHEAD)) {
      this.gallery.picture(id);
      this.fetch(id).catch(() => {}); // told when it is shown
    }
  }

  // The next photos to judge, those before this one last.
  upcoming(count) {
    const found = [];
    for (let by = 1; by < this.queue.length && found.length < count; by++) {
      const entry = this.queue[(this.at + by) % this.queue.length];
      if (entry.todo) found.push(entry);
    }
    return found;
  }

  step(by, begun) {
    return this.go(this.at + by, begun);
  }

  put(spot) {
    if (!this.item || this.isOpening || this.mode !== "review") return;
    const moved = spot[0] !== this.spot[0] || spot[1] !== this.spot[1];
    this.spot = spot;
    this.map.set(spot);
    tellPlace(this.item, spot);
    if (!moved) return;
    this.strip.refresh(this.item.id, spot);
    this.street.follow(spot);
  }

  turn(by) {
    const [east, north, heading] = this.spot;
    this.put([east, north, ((heading ?? 0) + by + 360) % 360]);
  }

  takeOver(place) {
    this.panorama = place.panorama;
    this.put([place.east, place.north, place.heading ?? this.spot[2]]);
    this.map.show(this.item, this.spot, this.session.threshold);
  }

  decide(action, reason = "", begun = performance.now()) {
    if (!this.item) return;
    if (this.mode !== "review") return this.say("Here positives are checked: c confirms, x sets aside");
    const moved = !same(this.spot, this.item.spot);
    if (action === "move" && !moved) return this.say("The position was not moved: a accepts it as it is");
    if (action === "accept" && moved) return this.say("The position was moved: m keeps it, 0 puts it back");
    const after = action === "move" ? this.spot : this.item.spot;
    const panorama = action === "move" ? this.panorama : "";
    const known = { decision: { action, reason }, spot: after, near: this.strip.near };
    this.act("/api/judge", { action, reason, before: this.item.spot, after, panorama }, known, begun);
  }

  async reject(begun) {
    const reason = await askReason(this.session.reasons, false);
    if (reason) this.decide("reject", reason, begun && performance.now());
  }

  confirm(begun) {
    const one = this.strip.current();
    if (this.mode !== "positives") return this.say("Positives are checked after the review");
    if (!one) return this.say("No database photo is near: x sets the photo aside");
    this.act("/api/match", { reference: one.name }, { match: { reference: one.name, reason: "" } }, begun);
  }

  async aside() {
    if (this.mode !== "positives") return this.say("Positives are checked after the review");
    const reason = await askReason(this.session.aside, true);
    if (!reason) return;
    this.act("/api/match", { reason }, { match: { reference: "", reason } });
  }

  // known: what is true of the photo now, also while the server has not written it yet.
  act(path, body, known, begun = performance.now()) {
    const seconds = (performance.now() - this.begun) / 1000;
    this.outbox.add(path, { who: this.who, item: this.item.id, seconds, ...body });
    this.acted.add(this.item.id);
    this.entry.todo = false;
    Object.assign(this.item, known);
    const [next] = this.upcoming(1);
    if (next) this.go(this.queue.indexOf(next), begun);
    else {
      this.tellProgress();
      this.tellDecision();
      this.say("All is judged. Go back with ←, undo with u.", false);
    }
  }

  async takeBack(path) {
    const answered = this.outbox.add(path, { who: this.who });
    this.outbox.pump(); // a person waits for this one
    const { item } = await answered;
    if (!item) return this.say(path.endsWith("undo") ? "Nothing to undo" : "Nothing to redo");
    this.items.delete(item);
    const at = this.queue.findIndex((entry) => entry.id === item);
    if (at < 0) return this.say(`${item} is shown in the other list`);
    await this.go(at);
    this.entry.todo = this.mode === "review" ? !this.item?.decision : !this.item?.match;
    this.tellProgress();
  }

  note(text) {
    if (!this.item || text === this.item.note) return;
    this.item.note = text;
    this.outbox.add("/api/note", { who: this.who, item: this.item.id, text });
  }

  // What other curators did: theirs need not be judged here, and disputes come up.
  async follow() {
    if (this.mode !== "review" || document.hidden) return;
    this.acted.clear();
    const { sequence, items } = await get("/api/changed", { after: this.sequence, who: this.who });
    this.sequence = sequence;
    for (const [id, todo] of Object.entries(items)) {
      const entry = this.queue.find((one) => one.id === id);
      if (this.acted.has(id)) continue; // the answer may be from before it was
      if (entry) entry.todo = todo && !this.outbox.waiting.some((act) => act.body.item === id);
      else if (todo) this.queue.push({ id, todo });
    }
    this.tellProgress();
  }

  refused(act, error) {
    const entry = this.queue.find((one) => one.id === act.body.item);
    if (entry) entry.todo = true;
    this.items.delete(act.body.item);
    this.say(error.message);
  }

  tellProgress() {
    const left = this.queue.filter((entry) => entry.todo).length;
    const done = this.queue.length - left;
    byId("progress").textContent = `${this.at + 1} of ${this.queue.length}, ${left} left`;
    byId("meter").value = this.queue.length ? done / this.queue.length : 1;
  }

  tellDecision() {
    const { decision, match } = this.item;
    const words = [decision && `${decision.action} ${decision.reason}`, match && (match.reference ? "confirmed" : match.reason)];
    byId("photo").dataset.decision = (this.mode === "review" ? words[0] : words[1]) || "";
    document.body.classList.toggle("decided", byId("photo").dataset.decision !== "");
    document.body.classList.toggle("rejected", decision?.action === "reject");
  }

  tellUnsent(count, reason) {
    byId("unsent").hidden = !reason;
    byId("unsent").textContent = reason ? `${count} unsent: ${reason}` : "";
    byId("unsent").dataset.count = count;
  }
}
