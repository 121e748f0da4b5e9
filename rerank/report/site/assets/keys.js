/* Keys that work on every page, and the help that lists them. */
"use strict";

App.keys = (() => {
  const { make, put, byId } = App.dom;
  const HELP = [
    ["j  \u2193", "next query"],
    ["k  \u2191", "previous query"],
    ["m  Enter", "photos of the query and its first candidate, large"],
    ["\u2190 \u2192", "there: other candidates"],
    ["\u2191 \u2193", "there: other methods"],
    ["/", "search in names"],
    ["1 \u2013 5", "leaderboard, plots, methods, map, queries"],
    ["t", "light or dark"],
    ["?", "this help"],
    ["Esc", "close, or leave the search or the query"],
  ];

  function help() {
    const dialog = byId("help");
    const { OUTCOMES } = App.outcomes;
    put(
      dialog,
      make(
        "header",
        {},
        make("h2", {}, "Keys"),
        make(
          "button",
          { type: "button", class: "tool close", "aria-label": "Close", on: { click: () => dialog.close() } },
          "\u2715",
        ),
      ),
      make(
        "dl",
        { class: "keys" },
        HELP.map(([keys, what]) => [
          make(
            "dt",
            {},
            keys.split(/\s{2}/).map((key) => make("kbd", {}, key)),
          ),
          make("dd", {}, what),
        ]).flat(),
      ),
      make("h2", {}, "Marks"),
      make(
        "ul",
        { class: "marks" },
        Object.entries(OUTCOMES).map(([name, { word }]) => make("li", {}, App.marks.picture(name), word)),
      ),
    );
    dialog.showModal();
  }

  const typing = (target) => target.matches("input, textarea, select");
  const onQueries = () => !byId("page-queries").hidden;

  function search() {
    if (onQueries()) return byId("search").focus();
    addEventListener("hashchange", () => byId("search").focus(), { once: true });
    App.router.go("#queries");
  }

  function escape(target) {
    if (target.id === "search") {
      App.choice.set({ search: "" });
      target.value = "";
      return byId("list").focus();
    }
    if (onQueries() && App.router.route().query) App.router.go("#queries");
  }

  const actions = {
    j: () => onQueries() && App.browser.step(1),
    k: () => onQueries() && App.browser.step(-1),
    m: () => onQueries() && App.query.openFirst(),
    t: App.theme.toggle,
    "/": search,
    "?": help,
  };

  function keydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") return escape(event.target);
    if (typing(event.target)) return;
    const page = App.router.PAGES[Number(event.key) - 1];
    if (page) return App.router.go(`#${page}`);
    const action = actions[event.key] || arrows(event);
    if (!action) return;
    event.preventDefault();
    action();
  }

  /* Arrows step through queries in the list, and wherever nothing else wants them. */
  function arrows(event) {
    if (
      !onQueries() ||
      !(event.target === document.body || event.target.id === "main" || event.target.closest("#list"))
    )
      return null;
    return { ArrowDown: actions.j, ArrowUp: actions.k, Enter: actions.m }[event.key];
  }

  function begin() {
    addEventListener("keydown", keydown);
    byId("help-button").addEventListener("click", help);
    byId("help").addEventListener("click", (event) => event.target === byId("help") && byId("help").close());
    byId("theme").addEventListener("click", App.theme.toggle);
  }

  return { begin };
})();
