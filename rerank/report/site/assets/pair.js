/* A query and a candidate, large, with the correspondences between them where the report has some. */
"use strict";

App.pair = (() => {
  const { make, put, byId } = App.dom;
  const { words } = App;
  const RETRIEVAL = -1;
  const now = {
    task: null,
    columns: null,
    query: 0,
    lists: null,
    matches: null,
    row: RETRIEVAL,
    place: 0,
    rejected: true,
  };

  /* row: a method, or RETRIEVAL for the retriever's order. place: of the candidate, from 0. */
  async function open(task, columns, query, row, place) {
    const [lists, matches] = await Promise.all([
      App.data.candidates(task.key, query),
      App.data.matches(task.key, query),
    ]);
    Object.assign(now, { task, columns, query, lists, matches, row, place });
    draw();
    if (!byId("pair").open) byId("pair").showModal();
    byId("pair-photos").focus();
    layOut();
  }

  const list = () => (now.row === RETRIEVAL ? now.lists.before : now.lists.after[now.row]);
  const stored = () =>
    now.matches && now.row !== RETRIEVAL && now.place === 0 ? now.matches[now.row] : null;

  function draw() {
    const { task, columns, query } = now;
    const found = list()[now.place];
    const { name, photo } = now.lists.photo(found[0]);
    const right = found[3];
    put(
      byId("pair"),
      make(
        "header",
        {},
        rows(),
        places(),
        make(
          "button",
          {
            type: "button",
            class: "tool close",
            "aria-label": "Close",
            on: { click: () => byId("pair").close() },
          },
          "\u2715",
        ),
      ),
      make(
        "div",
        { class: "photos", id: "pair-photos", tabIndex: -1, data: { focus: "photos" } },
        side("Query", columns.names[query], columns.photos[query], ""),
        side(`Candidate ${now.place + 1}`, name, photo, right ? "is-right" : "is-wrong"),
      ),
      make("p", { class: "facts-line" }, ...facts(found)),
      note(),
    );
    byId("pair-photos")
      .querySelectorAll("img")
      .forEach((image) => image.addEventListener("load", layOut));
  }

  function side(title, name, photo, verdict) {
    return make(
      "figure",
      { class: `side ${verdict}` },
      make("span", { class: "frame" }, App.tile.photo(photo, name)),
      make("figcaption", {}, make("b", {}, title), " ", make("span", { class: "name" }, name)),
    );
  }

  function rows() {
    const options = [
      [RETRIEVAL, `${now.task.retriever} (before)`],
      ...now.task.methods.map((label, index) => [index, label]),
    ];
    return App.controls.select("Order of", options, now.row, (row) => turn(Number(row), now.place));
  }

  function places() {
    return App.controls.chips(
      "Place",
      list().map((_, place) => [String(place), String(place + 1), `Candidate ${place + 1}`]),
      String(now.place),
      (place) => turn(now.row, Number(place)),
    );
  }

  function facts([, column, metres, right, score, matches, inliers]) {
    const counts =
      now.row === RETRIEVAL
        ? []
        : [
            matches >= 0 ? `${matches} matches` : null,
            inliers >= 0 ? `${inliers} inliers` : null,
            `retrieved as number ${column + 1}`,
          ];
    return [
      make("b", { class: right ? "says-right" : "says-wrong" }, right ? "\u2713 right" : "\u2717 wrong"),
      ...[
        words.metres(metres),
        `${now.row === RETRIEVAL ? "descriptor distance" : "score"} ${words.score(score)}`,
        ...counts,
      ]
        .filter(Boolean)
        .map((text) => make("span", {}, text)),
    ];
  }

  function note() {
    const found = stored();
    if (found) {
      const box = make("input", {
        type: "checkbox",
        checked: now.rejected,
        on: {
          change: () => {
            now.rejected = box.checked;
            layOut();
          },
        },
      });
      return make(
        "p",
        { class: "note" },
        make("span", { class: "key inliers" }, `${found.counts[0]} kept`),
        make("label", { class: "key rejected" }, box, `${found.counts[1]} rejected`),
      );
    }
    const why = !now.task.matches
      ? "This report has no correspondences; `rerank report --matches` draws them."
      : now.row === RETRIEVAL
        ? "Retrieval compares whole photos, not points."
        : now.place
          ? "Correspondences are kept of each method's first candidate."
          : "The two photos could not be matched.";
    return make("p", { class: "note" }, why);
  }

  /* Draw the lines where the photos have come to lie. */
  function layOut() {
    const holder = byId("pair-photos");
    if (!holder) return;
    holder.querySelector(".overlay")?.remove();
    const images = [...holder.querySelectorAll("img")];
    images.forEach((image) =>
      image.parentElement.style.setProperty("--ratio", image.naturalWidth / image.naturalHeight || 4 / 3),
    );
    const found = stored();
    if (!found || images.length < 2 || images.some((image) => !image.naturalWidth)) return;
    const outer = holder.getBoundingClientRect();
    const boxes = images.map((image) => {
      const { left, top, width, height } = image.getBoundingClientRect();
      return { left: left - outer.left, top: top - outer.top, width, height };
    });
    holder.append(
      App.correspondences.overlay(
        now.rejected ? found : { ...found, rejected: [] },
        boxes,
        outer,
        now.task.steps,
      ),
    );
  }

  function turn(row, place) {
    Object.assign(now, { row });
    now.place = Math.max(0, Math.min(place, list().length - 1));
    draw();
    layOut();
  }

  /* Left and right go through the candidates, up and down through the methods. */
  function keydown(event) {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step || event.target.matches("select")) return;
    event.preventDefault();
    const row = Math.max(RETRIEVAL, Math.min(now.row + step[0], now.task.methods.length - 1));
    turn(row, now.place + step[1]);
  }

  function begin() {
    byId("pair").addEventListener("keydown", keydown);
    byId("pair").addEventListener("click", (event) => event.target === byId("pair") && byId("pair").close());
    addEventListener("resize", layOut);
  }

  return { open, begin, RETRIEVAL };
})();
