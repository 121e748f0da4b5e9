// Acts on their way to the journal: kept in the browser until the server has written them, sent in order.
// Each has a key, by which the server knows one that it has written already.

import { post } from "./api.js";

const PREFIX = "rerank.outbox";
const LATEST_MS = 500; // after which an act is sent, if `pump` was not called before
const RETRY_MS = 1000;
const LOST = [401, 421, 500, 502, 503, 507]; // not the act's fault: it is kept

export class Outbox {
  constructor(who, { changed, refused }) {
    this.name = `${PREFIX}.${who}.${randomKey()}`;
    this.waiting = adopt(`${PREFIX}.${who}.`); // what an earlier page could not send
    this.answers = new Map();
    this.changed = changed;
    this.refused = refused;
    this.sending = false;
    this.keep();
    this.pump();
    addEventListener("pagehide", () => this.pump());
  }

  // Keep an act, which `pump` sends when the next photo is painted; return a promise of the server's answer.
  add(path, body) {
    const act = { path, body: { ...body, key: randomKey() } };
    this.waiting.push(act);
    this.keep();
    const answered = new Promise((resolve, reject) => this.answers.set(act.body.key, { resolve, reject }));
    answered.catch(() => {}); // told by `refused`, also where nobody waits for it
    setTimeout(() => this.pump(), LATEST_MS);
    return answered;
  }

  keep() {
    if (this.waiting.length) localStorage.setItem(this.name, JSON.stringify(this.waiting));
    else localStorage.removeItem(this.name);
    this.changed(this.waiting.length);
  }

  // Send what waits.
  async pump() {
    if (this.sending) return;
    this.sending = true;
    while (this.waiting.length) {
      const act = this.waiting[0];
      try {
        const answer = await post(act.path, act.body);
        this.drop(act)?.resolve(answer);
      } catch (error) {
        if (error.status === undefined || LOST.includes(error.status)) {
          this.changed(this.waiting.length, error.message);
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
          continue;
        }
        this.drop(act)?.reject(error);
        this.refused(act, error);
      }
    }
    this.sending = false;
  }

  drop(act) {
    this.waiting.shift();
    this.keep();
    const waiter = this.answers.get(act.body.key);
    this.answers.delete(act.body.key);
    return waiter;
  }
}

function adopt(prefix) {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(prefix));
  const found = names.flatMap((name) => JSON.parse(localStorage.getItem(name)));
  names.forEach((name) => localStorage.removeItem(name));
  return found;
}

function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
}
