/* Cells of tables: recalls with their intervals, gains, latencies. */
"use strict";

App.cells = (() => {
  const { make } = App.dom;
  const { percent, signed, UNKNOWN } = App.words;

  const unknown = () => make("td", { class: "number unknown" }, UNKNOWN);
  const share = (value) => `${Math.max(0, Math.min(100, value))}%`;

  /* A bar of 0 to 100 % with the interval on it, and a tick at the value. */
  function bar([value, low, high]) {
    return make("span", {
      class: "bar",
      "aria-hidden": "true",
      vars: { "--low": share(low), "--high": share(high), "--value": share(value) },
    });
  }

  function recall(interval, best) {
    if (!interval) return unknown();
    const [value, low, high] = interval;
    return make(
      "td",
      {
        class: `number${best ? " best" : ""}`,
        title: best ? "Better than each other method by McNemar's exact test, p < 0.05" : null,
      },
      make("span", { class: "value" }, percent(value)),
      make("span", { class: "interval" }, `${Math.round(low)} \u2013 ${Math.round(high)}`),
      bar(interval),
    );
  }

  function gain(interval) {
    if (!interval) return unknown();
    const [value, low, high] = interval;
    const sure = low > 0 ? "up" : high < 0 ? "down" : "open";
    return make(
      "td",
      { class: `number gain ${sure}`, title: sure === "open" ? "The interval holds 0" : null },
      make("span", { class: "value" }, signed(value)),
      make(
        "span",
        { class: "interval" },
        `${signed(Math.round(low)).replace(/\.0$/, "")} \u2013 ${signed(Math.round(high)).replace(/\.0$/, "")}`,
      ),
      bar([(value + 100) / 2, (low + 100) / 2, (high + 100) / 2]),
    );
  }

  function latency(found) {
    if (!found) return unknown();
    const [median, low, high] = found.words;
    return make(
      "td",
      { class: "number", title: "Median, and 5th to 95th percentile of the queries" },
      make("span", { class: "value" }, median),
      make("span", { class: "interval" }, `${low} \u2013 ${high}`),
    );
  }

  return { recall, gain, latency };
})();
