// Which key does what; kept in the browser once it was changed.

const STORE = "rerank.keys";

// action: [key, words]; upper case is with Shift.
export const ACTIONS = {
  accept: ["a", "Accept as is"],
  move: ["m", "Accept at the new position"],
  skip: ["s", "Skip"],
  reject: ["r", "Reject, with a reason"],
  undo: ["u", "Undo"],
  redo: ["U", "Redo"],
  back: ["ArrowLeft", "Photo before"],
  forth: ["ArrowRight", "Photo after"],
  left1: ["[", "Heading 1° to the left"],
  right1: ["]", "Heading 1° to the right"],
  left10: ["{", "Heading 10° to the left"],
  right10: ["}", "Heading 10° to the right"],
  restore: ["0", "Put the position back"],
  brighten: ["b", "Brighten the photo"],
  flicker: ["f", "Flicker against the reference"],
  zoom: ["z", "Zoom"],
  previous: [",", "Candidate before"],
  following: [".", "Candidate after"],
  street: ["v", "Street view or reference"],
  lines: ["l", "Draw local matches"],
  paste: ["p", "Paste an address"],
  note: ["n", "Note"],
  confirm: ["c", "The candidate shows the scene"],
  aside: ["x", "No candidate does: set aside"],
  help: ["?", "This list"],
};

export class Keys {
  constructor() {
    const stored = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    this.keyOf = Object.fromEntries(Object.entries(ACTIONS).map(([name, [key]]) => [name, stored[name] ?? key]));
  }

  action(event) {
    if (event.altKey || event.metaKey) return null;
    if (event.ctrlKey) return event.key === "z" ? "undo" : event.key === "y" ? "redo" : null;
    return Object.keys(this.keyOf).find((name) => this.keyOf[name] === event.key) ?? null;
  }

  // Give an action another key; what had it gets the old one.
  change(action, key) {
    const other = Object.keys(this.keyOf).find((name) => this.keyOf[name] === key);
    if (other) this.keyOf[other] = this.keyOf[action];
    this.keyOf[action] = key;
    localStorage.setItem(STORE, JSON.stringify(this.keyOf));
  }

  reset() {
    localStorage.removeItem(STORE);
    Object.assign(this, new Keys());
  }
}
