/* The list of queries: only rows in sight are in the page, so that its length costs nothing. */
"use strict";

App.list = (() => {
  const { make, put, byId } = App.dom;
  const ROW_PX = 68;
  const SPARE = 4;
  const state = { task: null, columns: null, queries: [], chosen: null, waiting: false, painted: [] };

  function begin() {
    const holder = byId("list");
    holder.addEventListener("scroll", later);
    new ResizeObserver(later).observe(holder);
  }

  /* queries: numbers of those to show, in order. */
  function fill(task, columns, queries) {
    const other = state.task !== task;
    Object.assign(state, { task, columns, queries });
    byId("rows").style.setProperty("--rows-height", `${queries.length * ROW_PX}px`);
    if (other) byId("list").scrollTop = 0;
    paint();
  }

  function choose(query) {
    state.chosen = query;
    const place = state.queries.indexOf(query);
    const holder = byId("list");
    if (place >= 0) {
      const [top, bottom] = [place * ROW_PX, (place + 1) * ROW_PX];
      if (top < holder.scrollTop) holder.scrollTop = top;
      else if (bottom > holder.scrollTop + holder.clientHeight)
        holder.scrollTop = bottom - holder.clientHeight;
    }
    paint();
  }

  /* The query so many steps from the chosen one, held at the ends; the first where none is chosen. */
  function neighbour(step) {
    if (!state.queries.length) return null;
    const place = state.queries.indexOf(state.chosen);
    return state.queries[place < 0 ? 0 : Math.max(0, Math.min(place + step, state.queries.length - 1))];
  }

  function later() {
    if (state.waiting) return;
    state.waiting = true;
    requestAnimationFrame(() => {
      state.waiting = false;
      paint();
    });
  }

  function paint() {
    if (!state.columns) return;
    const { scrollTop, clientHeight } = byId("list");
    const first = Math.max(0, Math.floor(scrollTop / ROW_PX) - SPARE);
    const last = Math.min(state.queries.length, Math.ceil((scrollTop + clientHeight) / ROW_PX) + SPARE);
    // Rows that are as they should be stay: one may be under a mouse button that is held down.
    const painted = [state.columns, state.queries, state.chosen, first, last];
    if (painted.every((value, index) => value === state.painted[index])) return;
    state.painted = painted;
    put(byId("rows"), ...state.queries.slice(first, last).map((query, index) => row(query, first + index)));
    const chosen = byId(`row-${state.chosen}`);
    if (chosen) byId("list").setAttribute("aria-activedescendant", chosen.id);
    else byId("list").removeAttribute("aria-activedescendant");
  }

  function row(query, place) {
    const { task, columns } = state;
    const chosen = query === state.chosen;
    return make(
      "a",
      {
        id: `row-${query}`,
        class: `row${chosen ? " chosen" : ""}`,
        role: "option",
        href: App.router.queryLink(task.key, columns.ids[query]),
        tabIndex: -1,
        "aria-selected": String(chosen),
        "aria-setsize": String(state.queries.length),
        "aria-posinset": String(place + 1),
        vars: { "--top": `${place * ROW_PX}px` },
        title: columns.names[query],
      },
      App.tile.photo(columns.photos[query], ""),
      make(
        "span",
        { class: "row-text" },
        make("span", { class: "row-name" }, App.words.short(columns.names[query])),
        verdicts(query),
      ),
    );
  }

  /* A small square for retrieval and one for each method: full and ticked where it is right. */
  function verdicts(query) {
    const { task, columns } = state;
    const ranks = [columns.before, ...columns.after].map((each) => each.ranks[query]);
    const names = [task.retriever, ...task.methods];
    const right = names.filter((_, index) => ranks[index] === 0);
    return make(
      "span",
      {
        class: "verdicts",
        role: "img",
        "aria-label": right.length ? `right: ${right.join(", ")}` : "no method is right",
      },
      ranks.map((rank, index) =>
        make(
          "span",
          {
            class: `square ${rank === 0 ? "is-right" : "is-wrong"}${index ? "" : " base"}`,
            title: `${names[index]}: first right at rank ${App.words.rank(rank)}`,
          },
          rank === 0 ? "\u2713" : "\u2717",
        ),
      ),
    );
  }

  return { begin, fill, choose, neighbour };
})();
