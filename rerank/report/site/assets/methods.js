/* The methods: all of them as cards, and a page for each with what its runs say of it. */
"use strict";

App.methods = (() => {
  const { make, put, byId, facts } = App.dom;
  const { percent, signed } = App.words;
  const dataset = (key) => App.data.task(key).dataset;

  function boardRow(key, label) {
    const board = App.data.summary().boards.find((found) => found.task === key && found.whole);
    return { board, row: board.rows.find((row) => row.method === label) };
  }

  function results(page) {
    const { ns } = App.data.summary().boards[0];
    const head = ["Dataset", ...ns.map((n) => `R@${n}`), "Gain at R@1", "Cold", "Warm"];
    const rows = page.runs.map(({ task }) => {
      const { row } = boardRow(task, page.method);
      return make(
        "tr",
        {},
        make("th", { scope: "row" }, dataset(task)),
        row.recalls.map((recall, index) => App.cells.recall(recall, row.best[index])),
        App.cells.gain(row.gain),
        App.cells.latency(row.cold),
        App.cells.latency(row.warm),
      );
    });
    return make(
      "div",
      { class: "scroll" },
      make(
        "table",
        { class: "leaderboard" },
        make(
          "thead",
          {},
          make(
            "tr",
            {},
            head.map((name) => make("th", { scope: "col" }, name)),
          ),
        ),
        make("tbody", {}, rows),
      ),
    );
  }

  function part(found) {
    return make(
      "section",
      { class: "card" },
      make("p", { class: "kind" }, found.kind),
      make("h2", {}, found.name),
      make("p", {}, found.summary),
      facts(found.lines),
      make("h3", {}, "Settings"),
      found.settings.length ? facts(found.settings) : make("p", { class: "empty" }, "none"),
    );
  }

  function stages(found) {
    if (!found.length) return make("p", { class: "empty" }, "not measured");
    const longest = Math.max(...found.map(([, time]) => time.seconds[0]));
    return make(
      "table",
      { class: "stages" },
      make(
        "tbody",
        {},
        found.map(([name, time]) =>
          make(
            "tr",
            {},
            make("th", { scope: "row" }, name),
            make("td", { class: "number" }, time.words[0]),
            make(
              "td",
              { class: "length" },
              make("span", {
                class: "length-bar",
                vars: { "--length": `${(100 * time.seconds[0]) / longest}%` },
              }),
            ),
          ),
        ),
      ),
    );
  }

  function run(found, open) {
    return make(
      "details",
      { class: "card run", open },
      make("summary", {}, make("h2", {}, dataset(found.task))),
      make(
        "div",
        { class: "columns" },
        make("div", {}, make("h3", {}, "Protocol"), facts(found.protocol)),
        make("div", {}, make("h3", {}, "Environment"), facts(found.environment)),
        make(
          "div",
          {},
          make("h3", {}, "Seconds of a query, median"),
          stages(found.stages),
          found.notes.length
            ? [
                make("h3", {}, "Notes"),
                make(
                  "ul",
                  {},
                  found.notes.map((note) => make("li", {}, note)),
                ),
              ]
            : null,
          found.bad_photos.length
            ? [
                make("h3", {}, `Photos that could not be used (${found.bad_photos.length})`),
                make(
                  "ul",
                  {},
                  found.bad_photos.map(([path, reason]) =>
                    make("li", {}, make("code", {}, path), `: ${reason}`),
                  ),
                ),
              ]
            : null,
        ),
      ),
    );
  }

  function page(found) {
    return [
      make("p", { class: "back" }, make("a", { href: "#methods" }, "\u2190 All methods")),
      make("h1", {}, found.method),
      results(found),
      make("div", { class: "cards parts" }, found.parts.map(part)),
      found.runs.map((each, index) => run(each, index === 0)),
    ].flat();
  }

  function card(found) {
    const lines = found.runs.map(({ task }) => {
      const { row } = boardRow(task, found.method);
      const recall = row.recalls[0];
      return [
        dataset(task),
        recall
          ? `R@1 ${percent(recall[0])} %${row.gain ? `, ${signed(row.gain[0])}` : ""}`
          : App.words.UNKNOWN,
      ];
    });
    return make(
      "a",
      { class: "card link", href: App.router.methodLink(found.method) },
      make("h2", {}, found.method),
      found.parts.map((each) => make("p", {}, make("b", {}, each.name), ` ${each.summary}`)),
      facts(lines),
    );
  }

  function show(route) {
    const { methods: pages } = App.data.summary();
    const found = pages.find((each) => each.method === route.method);
    put(
      byId("page-methods"),
      ...(found
        ? page(found)
        : [
            make("h1", {}, "Methods"),
            route.method
              ? make("p", { class: "empty" }, `No method of this report is called ${route.method}.`)
              : "",
            make("div", { class: "cards" }, pages.map(card)),
          ]),
    );
  }

  return { draw: () => undefined, show };
})();
