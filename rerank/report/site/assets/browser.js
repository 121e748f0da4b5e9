/* The query browser: filters and a search over the list on the left, one query on the right. */
"use strict";

App.browser = (() => {
  const { make, put, byId } = App.dom;
  const state = { columns: null, key: null, found: null, chosen: null, turn: 0 };

  function draw() {
    put(
      byId("page-queries"),
      make(
        "div",
        { class: "finder" },
        make("h1", {}, "Queries"),
        make("div", { id: "finder-controls", class: "filters" }),
        make(
          "label",
          { class: "search" },
          make("span", { class: "hidden" }, "Search in names"),
          make("input", {
            id: "search",
            type: "search",
            placeholder: "Search in names  ( / )",
            autocomplete: "off",
            spellcheck: false,
            on: { input: (event) => App.choice.set({ search: event.target.value }) },
          }),
        ),
        make("div", { id: "filter-chips" }),
        make("p", { id: "found", class: "found", role: "status" }),
        make(
          "div",
          { id: "list", class: "list", role: "listbox", tabIndex: 0, "aria-label": "Queries found" },
          make("div", { id: "rows", class: "rows", role: "presentation" }),
        ),
      ),
      make("article", { id: "query", class: "query", tabIndex: -1, "aria-label": "Query" }),
    );
    App.list.begin();
    App.query.clear("Choose a query from the list.");
  }

  /* Show what a route asks for; a query may be of another task than the chosen one. A route that is
     taken meanwhile goes before. */
  async function show(route) {
    const turn = ++state.turn;
    if (route.query) {
      const place = await find(route);
      if (turn !== state.turn) return;
      if (!place) missing(route.query);
      else take(place.key);
      state.chosen = place ? place.query : null;
    } else {
      state.chosen = null;
    }
    document.body.classList.toggle("one-query", Boolean(route.query));
    await load();
    if (turn !== state.turn) return;
    if (state.chosen !== null) await App.query.show(state.key, state.chosen);
    else if (!route.query)
      App.query.clear(
        state.columns.ids.length
          ? "Choose a query from the list, or press j for the first."
          : "This dataset has no queries.",
      );
    if (turn === state.turn) App.list.choose(state.chosen);
  }

  function missing(text) {
    App.query.clear(`No query of this report has the name or digest ${text}.`);
  }

  /* Where a query is, by its ID or its name: the task of the route first, then the chosen one. */
  async function find(route) {
    const keys = App.data.summary().tasks.map((task) => task.key);
    const order = new Set([route.task, App.choice.now.task, ...keys].filter(Boolean));
    for (const key of order) {
      const columns = await App.data.columns(key);
      const query = columns.ids.includes(route.query)
        ? columns.ids.indexOf(route.query)
        : columns.names.indexOf(route.query);
      if (query >= 0) return { key, query };
    }
    return null;
  }

  async function load() {
    const key = App.choice.now.task;
    const columns = await App.data.columns(key);
    if (key !== App.choice.now.task) return load(); // another was chosen meanwhile
    Object.assign(state, { key, columns });
    controls();
    sift();
  }

  function controls() {
    put(byId("finder-controls"), App.controls.tasks(), App.controls.methods(true), App.controls.conditions());
    byId("search").value = App.choice.now.search;
  }

  function sift() {
    const task = App.data.task(state.key);
    state.found = App.outcomes.sift(state.columns, App.choice.now, task.threshold_m);
    chips(task);
    const queries = state.found[App.choice.now.filter];
    byId("found").textContent =
      `${queries.length} of ${App.words.count(state.columns.ids.length, "query", "queries")}`;
    App.list.fill(task, state.columns, queries);
  }

  function chips(task) {
    const { FILTERS } = App.outcomes;
    const useless = task.methods.length
      ? task.methods.length === 1
        ? ["disagree"]
        : []
      : ["gained", "lost", "disagree"];
    const near = `Near miss ${task.threshold_m}\u2013${2 * task.threshold_m} m`;
    const options = Object.entries(FILTERS)
      .filter(([key]) => !useless.includes(key))
      .map(([key, { word, hint }]) => [key, key === "near" ? near : word, hint, state.found[key].length]);
    put(
      byId("filter-chips"),
      App.controls.chips("Filter", options, App.choice.now.filter, (filter) => App.choice.set({ filter })),
    );
  }

  /* Choose a task for the route's sake, not by the select. */
  function take(key) {
    state.key = key;
    App.choice.set({ task: key });
  }

  function changed(now, before) {
    if (byId("page-queries").hidden || state.key !== before.task) return;
    if (now.task !== before.task) return leave();
    if (now.method !== before.method || now.condition !== before.condition) controls();
    sift();
  }

  /* Another task was chosen: its queries are others. */
  function leave() {
    if (App.router.route().query) App.router.go("#queries");
    else load().then(() => App.list.choose(null));
  }

  function step(by) {
    const query = App.list.neighbour(by);
    if (query === null) return;
    App.list.choose(query); // at once: the next key may come before the query is drawn
    const link = App.router.queryLink(state.key, state.columns.ids[query]);
    if (App.router.route().query) App.router.replace(link);
    else App.router.go(link);
  }

  return { draw, show, changed, step };
})();
