// How long it takes from a key to the next photo on the screen, 95th percentile.

import { byId } from "./dom.js";

const LATEST = 500;

export class Speed {
  constructor() {
    this.spans = [];
  }

  take(span) {
    this.spans = [...this.spans.slice(1 - LATEST), span];
    const sorted = this.spans.toSorted((a, b) => a - b);
    const [p50, p95] = [0.5, 0.95].map((share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]);
    Object.assign(byId("speed").dataset, { p50: p50.toFixed(1), p95: p95.toFixed(1), count: sorted.length });
    byId("speed").textContent = `${p95.toFixed(0)} ms`;
  }
}

// Resolve when what is in the page now was painted.
export function painted() {
  return new Promise((resolve) => {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = resolve;
      channel.port2.postMessage(null); // handled after the frame
    });
  });
}
