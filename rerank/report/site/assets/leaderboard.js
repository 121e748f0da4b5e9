/* The leaderboard: a part of the table for each task, sorted within itself, for tasks do not compare. */
"use strict";

App.leaderboard = (() => {
  const { make, put, byId } = App.dom;
  const { controls, cells } = App;
  const state = { dataset: "", condition: "", column: "R@1", rising: false };

  function columns(ns) {
    const recalls = ns.map((n, index) => ({
      name: `R@${n}`,
      hint: `Queries with a right photo among their first ${n}, in percent, and the 95 % bootstrap interval`,
      key: (row) => row.recalls[index]?.[0],
      cell: (row) => cells.recall(row.recalls[index], row.best[index]),
    }));
    return [
      { name: "Method", rising: true, key: (row) => row.method, cell: method },
      ...recalls,
      {
        name: "Gain at R@1",
        hint: "R@1 over retrieval alone, in points, and its paired 95 % interval",
        key: (row) => row.gain?.[0],
        cell: (row) => cells.gain(row.gain),
      },
      {
        name: "Cold",
        rising: true,
        hint: "Seconds of a query, everything extracted",
        key: (row) => row.cold?.seconds[0],
        cell: (row) => cells.latency(row.cold),
      },
      {
        name: "Warm",
        rising: true,
        hint: "Seconds of a query, candidates' features stored",
        key: (row) => row.warm?.seconds[0],
        cell: (row) => cells.latency(row.warm),
      },
    ];
  }

  function method(row) {
    return make(
      "th",
      { scope: "row" },
      make("a", { href: App.router.methodLink(row.method) }, row.method),
      row.reranks ? null : make("span", { class: "tag" }, "retrieval"),
    );
  }

  function boards() {
    const { boards: all } = App.data.summary();
    return all.filter(
      (board) =>
        (!state.dataset || board.task === state.dataset) &&
        (state.condition ? board.condition === state.condition : board.whole),
    );
  }

  /* Rows without the number come last, whichever way is sorted. */
  function sorted(rows, column) {
    const sign = state.rising ? 1 : -1;
    return [...rows].sort((a, b) => {
      const [left, right] = [column.key(a) ?? null, column.key(b) ?? null];
      if (left === null || right === null) return (left === null) - (right === null);
      return sign * (typeof left === "string" ? left.localeCompare(right) : left - right);
    });
  }

  function head(all) {
    return make(
      "thead",
      {},
      make(
        "tr",
        {},
        all.map((column) => {
          const sortedBy = column.name === state.column;
          const button = make(
            "button",
            {
              type: "button",
              class: "sort",
              title: column.hint,
              data: { focus: column.name },
              on: { click: () => sortBy(column) },
            },
            column.name,
          );
          return make(
            "th",
            { scope: "col", "aria-sort": sortedBy ? (state.rising ? "ascending" : "descending") : "none" },
            button,
          );
        }),
      ),
    );
  }

  function sortBy(column) {
    state.rising = state.column === column.name ? !state.rising : Boolean(column.rising);
    state.column = column.name;
    drawTable();
  }

  /* What the table says of a task in one sentence. */
  function sentence(board) {
    const leader = board.rows.find((row) => row.best[0]);
    if (!board.queries) return "No queries.";
    if (leader) return `${leader.method} is best at R@1: the paired test tells it from every other method.`;
    return board.rows.length > 1 ? "At R@1 the paired test tells no method from all others." : "";
  }

  function body(board, all, column) {
    const task = App.data.task(board.task);
    const title = make(
      "th",
      { colSpan: all.length, scope: "rowgroup", class: "board" },
      make(
        "div",
        { class: "board-words" },
        make("span", { class: "dataset" }, task.dataset),
        board.condition ? make("span", { class: "tag" }, board.condition) : null,
        make("span", { class: "sentence" }, sentence(board)),
        make("span", { class: "notes" }, board.notes.join(" \u00b7 ")),
      ),
    );
    const rows = sorted(board.rows, column).map((row) =>
      make(
        "tr",
        { class: row.reranks ? "" : "retrieval" },
        all.map((each) => each.cell(row)),
      ),
    );
    return make("tbody", { data: { task: board.task } }, make("tr", { class: "title" }, title), rows);
  }

  function drawTable() {
    const shown = boards();
    const holder = byId("board");
    if (!shown.length) return put(holder, make("p", { class: "empty" }, "No result of this kind."));
    const all = columns(shown[0].ns);
    const column = all.find((each) => each.name === state.column) || all[1];
    put(
      holder,
      make(
        "table",
        { class: "leaderboard" },
        head(all),
        shown.map((board) => body(board, all, column)),
      ),
    );
  }

  function filters() {
    const { tasks, boards: all } = App.data.summary();
    const names = [...new Set(all.map((board) => board.condition))].filter((name) => name !== "").sort();
    const choose = (changes) => {
      Object.assign(state, changes);
      draw();
    };
    return make(
      "div",
      { class: "filters" },
      tasks.length > 1
        ? controls.select(
            "Dataset",
            [["", "all"], ...tasks.map((task) => [task.key, task.dataset])],
            state.dataset,
            (key) => choose({ dataset: key }),
          )
        : null,
      names.length > 1
        ? controls.chips(
            "Condition",
            [["", "All"], ...names.map((name) => [name, name])],
            state.condition,
            (key) => choose({ condition: key }),
          )
        : null,
    );
  }

  function warnings() {
    const { warnings: all } = App.data.summary();
    if (!all.length) return null;
    return make(
      "details",
      { class: "warnings", open: all.length < 4 },
      make("summary", {}, App.words.count(all.length, "warning")),
      make(
        "ul",
        {},
        all.map((text) => make("li", {}, text)),
      ),
    );
  }

  function draw() {
    put(
      byId("page-leaderboard"),
      make("h1", {}, "Leaderboard"),
      warnings(),
      filters(),
      make("div", {
        id: "board",
        class: "scroll",
        tabIndex: 0,
        role: "region",
        "aria-label": "Table of the methods",
      }),
      make(
        "p",
        { class: "legend" },
        make("b", {}, "Bold"),
        " marks a recall that the paired test separates from every other method of its part. Bars run from 0 to 100 %, those of gains from \u2212100 to +100 points; the band is the 95 % interval.",
      ),
    );
    drawTable();
  }

  return { draw, show: () => undefined };
})();
