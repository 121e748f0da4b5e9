/* The address: #leaderboard, #plots, #methods, #method=NAME, #map, #queries, #query=ID or NAME.
   A query's ID follows from the names of its dataset and photo, so links outlive a new report. */
"use strict";

App.router = (() => {
  const PAGES = ["leaderboard", "plots", "methods", "map", "queries"];

  function decoded(text) {
    try {
      return decodeURIComponent(text);
    } catch (malformed) {
      return text;
    }
  }

  function parts() {
    const found = new Map();
    for (const part of location.hash.slice(1).split("&")) {
      const [name, ...rest] = part.split("=");
      found.set(name, decoded(rest.join("=")));
    }
    return found;
  }

  /* Where the address leads: { page, method, query, task }. */
  function route() {
    const found = parts();
    const task = App.data.task(found.get("task"))?.key;
    if (found.has("query")) return { page: "queries", query: found.get("query"), task };
    if (found.has("method")) return { page: "methods", method: found.get("method"), task };
    return { page: PAGES.find((page) => found.has(page)) || "leaderboard", task };
  }

  /* The task is named where the dataset alone does not tell it. */
  function queryLink(key, id) {
    const { dataset } = App.data.task(key);
    const several = App.data.summary().tasks.filter((task) => task.dataset === dataset).length > 1;
    return `#query=${id}${several ? `&task=${key}` : ""}`;
  }

  const methodLink = (label) => `#method=${encodeURIComponent(label)}`;
  const go = (hash) => (location.hash = hash);

  /* Go on to a neighbour without a step in the history for each. */
  function replace(hash) {
    history.replaceState(null, "", hash);
    dispatchEvent(new HashChangeEvent("hashchange"));
  }

  return { PAGES, route, queryLink, methodLink, go, replace };
})();
