/* Numbers and names in words. */
"use strict";

App.words = (() => {
  const MINUS = "\u2212";
  const UNKNOWN = "\u2013";

  const signed = (value) => (value > 0 ? "+" : value < 0 ? MINUS : "\u00b1") + Math.abs(value).toFixed(1);
  const percent = (value) => value.toFixed(1);
  const count = (number, word, words = `${word}s`) => `${number} ${number === 1 ? word : words}`;

  function metres(distance) {
    if (distance === null) return "distance unknown";
    if (distance < 10) return `${distance.toFixed(1)} m`;
    return distance < 10000
      ? `${Math.round(distance)} m`
      : `${(distance / 1000).toFixed(distance < 100000 ? 1 : 0)} km`;
  }

  function score(value) {
    if (value === null) return "not scored";
    if (Number.isInteger(value)) return String(value);
    return Math.abs(value) >= 1000 || Math.abs(value) < 0.001
      ? value.toPrecision(3)
      : String(Number(value.toPrecision(4)));
  }

  /* Ranks count from 0 in the data, from 1 on the page; -1 is none. */
  const rank = (number) => (number < 0 ? "none" : String(number + 1));

  /* What tells a photo named @east@north@zone@letter@lat@lon@pano@...@note@.jpg from others: the
     panorama and the note, else east and north. Other names as they are. */
  function short(name) {
    const parts = name.split("@");
    if (!name.startsWith("@") || parts.length < 4) return name;
    const [, east, north, , , , , panorama] = parts;
    const note = parts.length > 15 ? parts[14] : "";
    return (panorama ? [panorama, note] : [east, north, note]).filter(Boolean).join(" \u00b7 ") || name;
  }

  return { signed, percent, count, metres, score, rank, short, UNKNOWN };
})();
