/* Data: every script of data/ puts one value into RERANK under its key; loaded when first needed. */
"use strict";
window.RERANK = Object.create(null);

App.data = (() => {
  const pending = new Map();

  function load(key) {
    if (key in RERANK) return Promise.resolve(RERANK[key]);
    if (!pending.has(key)) pending.set(key, fetched(key));
    return pending.get(key);
  }

  function fetched(key) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `data/${key}.js`;
      script.onload = () => resolve(RERANK[key]);
      script.onerror = () => reject(new Error(`data/${key}.js is missing: the report's folder is not whole`));
      document.head.append(script);
    });
  }

  const summary = () => RERANK.summary;
  const task = (key) => summary().tasks.find((found) => found.key === key);
  const columns = (key) => load(`${key}/queries`);

  /* What belongs to one query, out of the script of its chunk. */
  async function candidates(key, query) {
    const { chunk } = task(key);
    const part = await load(`${key}/candidates-${Math.floor(query / chunk)}`);
    part.byIndex ||= new Map(part.photos.map(([index, name, photo]) => [index, { name, photo }]));
    const row = query % chunk;
    return {
      before: part.before[row],
      after: part.after.map((lists) => lists[row]),
      photo: (index) => part.byIndex.get(index),
    };
  }

  async function matches(key, query) {
    const { chunk, matches: stored } = task(key);
    if (!stored) return null;
    const part = await load(`${key}/matches-${Math.floor(query / chunk)}`);
    return part.map((ofMethod) => ofMethod[query % chunk]);
  }

  const photo = (name) => (name === null ? null : `photos/${name}.jpg`);
  return { load, summary, task, columns, candidates, matches, photo };
})();
