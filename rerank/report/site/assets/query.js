/* One query: its photo, and the best candidates before and after re-ranking by each method. */
"use strict";

App.query = (() => {
  const { make, put, byId, facts } = App.dom;
  const { words } = App;
  const { OUTCOMES } = App.outcomes;
  const MANY = 3; // methods, from which on their rows are made smaller
  const now = { key: null, query: null };

  async function show(key, query) {
    Object.assign(now, { key, query });
    const [columns, lists] = await Promise.all([App.data.columns(key), App.data.candidates(key, query)]);
    if (now.key !== key || now.query !== query) return;
    const task = App.data.task(key);
    const rows = [
      retrieved(task, columns, query, lists),
      ...task.methods.map((label, method) => reranked(task, columns, query, lists, label, method)),
    ];
    put(
      byId("query"),
      head(task, columns, query),
      make("div", { class: `rankings${task.methods.length > MANY ? " many" : ""}` }, rows),
    );
    byId("query").scrollTop = 0;
  }

  function clear(text) {
    Object.assign(now, { key: null, query: null });
    put(byId("query"), make("p", { class: "empty" }, text));
  }

  function head(task, columns, query) {
    return make(
      "header",
      { class: "query-head" },
      make("a", { class: "back-to-list", href: "#queries" }, "\u2190 All queries"),
      make("div", { class: "frame big" }, App.tile.photo(columns.photos[query], columns.names[query])),
      make(
        "div",
        { class: "about" },
        make("h2", {}, words.short(columns.names[query])),
        make("p", { class: "name" }, columns.names[query]),
        facts(about(task, columns, query)),
        copyLink(task.key, columns.ids[query]),
      ),
    );
  }

  function about(task, columns, query) {
    const place = columns.positions?.[query];
    const rank = columns.before.ranks[query];
    return [
      ["dataset", task.dataset],
      columns.conditions[query] ? ["condition", columns.conditions[query]] : null,
      place && place[0] !== null ? ["east, north", `${place[0].toFixed(1)}, ${place[1].toFixed(1)} m`] : null,
      ["right photos", `${columns.positives[query]} in the database, within ${task.threshold_m} m`],
      [
        "among candidates",
        rank < 0
          ? `none of ${task.candidates}: no re-ranking can be right`
          : `yes, the first retrieved as number ${rank + 1} of ${task.candidates}`,
      ],
    ].filter(Boolean);
  }

  function copyLink(key, id) {
    const hash = App.router.queryLink(key, id);
    const button = make(
      "button",
      { type: "button", class: "quiet", on: { click: () => copy(hash, button) } },
      "Copy link",
    );
    return make("p", { class: "share" }, make("a", { href: hash }, hash), button);
  }

  /* The clipboard may be closed to files; the link beside the button can be copied by hand. */
  function copy(hash, button) {
    const said = (text) => {
      button.textContent = text;
    };
    if (!navigator.clipboard) return said("Copy it from the address");
    navigator.clipboard.writeText(new URL(hash, location.href).href).then(
      () => said("Copied"),
      () => said("Copy it from the address"),
    );
  }

  function retrieved(task, columns, query, lists) {
    const right = columns.before.ranks[query] === 0;
    return ranking(task, columns, query, lists, lists.before, App.pair.RETRIEVAL, [
      make("h3", {}, task.retriever),
      make("span", { class: "tag" }, "before"),
      first(columns.before.ranks[query], right),
    ]);
  }

  function reranked(task, columns, query, lists, label, method) {
    const rank = columns.after[method].ranks[query];
    const outcome = App.outcomes.outcome(columns, query, method);
    return ranking(task, columns, query, lists, lists.after[method], method, [
      make("h3", {}, make("a", { href: App.router.methodLink(label) }, label)),
      make(
        "span",
        { class: `badge ${outcome}` },
        App.marks.picture(outcome),
        outcome === "unreachable" ? "no truth among candidates" : OUTCOMES[outcome].word,
      ),
      rank > 0 ? first(rank, false) : null,
    ]);
  }

  function first(rank, right) {
    return make(
      "span",
      { class: "first-right" },
      right ? "first is right" : rank < 0 ? "none is right" : `first right at rank ${rank + 1}`,
    );
  }

  function ranking(task, columns, query, lists, found, row, title) {
    const tiles = found.map((each, place) =>
      App.tile.candidate(each, place, lists.photo(each[0]), row !== App.pair.RETRIEVAL, () =>
        App.pair.open(task, columns, query, row, place),
      ),
    );
    return make(
      "section",
      { class: `ranking${row === App.pair.RETRIEVAL ? " before" : ""}`, data: { row } },
      make("div", { class: "ranking-title" }, title),
      make("div", { class: "tiles" }, tiles.length ? tiles : make("p", { class: "empty" }, "no candidates")),
    );
  }

  /* Open the first candidate of the chosen method. */
  function openFirst() {
    const { method } = App.choice.now;
    const row = byId("query").querySelector(`.ranking[data-row="${method === App.choice.ANY ? 0 : method}"]`);
    (row || byId("query")).querySelector(".tile")?.click();
  }

  return { show, clear, openFirst };
})();
