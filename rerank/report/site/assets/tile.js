/* Tiles: a photo in its frame, right or wrong by mark, line and word as well as colour. */
"use strict";

App.tile = (() => {
  const { make } = App.dom;
  const { words } = App;

  /* A photo, or in its place a word that there is none. */
  function photo(name, alt) {
    const source = App.data.photo(name);
    return source
      ? make("img", { class: "photo", src: source, alt, loading: "lazy", decoding: "async" })
      : make("span", { class: "photo absent", role: "img", "aria-label": `${alt}: no photo` }, "no photo");
  }

  /* How far a candidate came up or went down from where retrieval had put it. */
  function moved(column, place) {
    if (column === place) return "\u2022 as before";
    return column > place ? `\u25b2 from ${column + 1}` : `\u25bc from ${column + 1}`;
  }

  /* found: [database index, column, metres, 1 if right, score, matches, inliers]. reranked: says whether it moved. */
  function candidate(found, place, { name, photo: file }, reranked, open) {
    const [, column, metres, right, score] = found;
    const label = `Candidate ${place + 1}, ${right ? "right" : "wrong"}, ${words.metres(metres)}, score ${words.score(score)}: ${name}`;
    return make(
      "button",
      {
        type: "button",
        class: `tile ${right ? "is-right" : "is-wrong"}`,
        title: `${name}\nClick for both photos, large`,
        "aria-label": label,
        on: { click: open },
      },
      make(
        "span",
        { class: "frame" },
        photo(file, name),
        make("span", { class: "verdict", "aria-hidden": "true" }, right ? "\u2713" : "\u2717"),
      ),
      make("span", { class: "metres" }, words.metres(metres)),
      make("span", { class: "score" }, `${reranked ? "score" : "descriptor"} ${words.score(score)}`),
      reranked ? make("span", { class: "moved" }, moved(column, place)) : "",
    );
  }

  return { photo, candidate };
})();
