/* What became of queries, and the filters that find the interesting ones. Numbers in, numbers out. */
"use strict";

App.outcomes = (() => {
  /* Mark and word go with the colour everywhere: colour alone tells nothing. */
  const OUTCOMES = {
    right: { mark: "\u25cf", word: "right before and after" },
    gained: { mark: "\u25b2", word: "gained" },
    lost: { mark: "\u25bc", word: "lost" },
    wrong: { mark: "\u2715", word: "wrong before and after" },
    unreachable: { mark: "\u25cb", word: "truth not among the candidates" },
  };

  const FILTERS = {
    all: { word: "All", hint: "Every query" },
    gained: { word: "Gained", hint: "Wrong before re-ranking, right after it" },
    lost: { word: "Lost", hint: "Right before re-ranking, wrong after it" },
    disagree: { word: "Disagree", hint: "Some methods are right, others wrong" },
    near: { word: "Near miss", hint: "Put first is a photo just beyond the threshold" },
    wrong: {
      word: "Still wrong",
      hint: "Wrong before and after, although the truth is among the candidates",
    },
    unreachable: { word: "No truth", hint: "No candidate shows the place: no re-ranking can be right" },
  };

  /* What became of a query with one method; a method that is not there stands for retrieval alone. */
  function outcome(columns, query, method) {
    const before = columns.before.ranks[query];
    const after = columns.after[method] ? columns.after[method].ranks[query] : before;
    if (before < 0) return "unreachable";
    if (after === 0) return before === 0 ? "right" : "gained";
    return before === 0 ? "lost" : "wrong";
  }

  function methodsOf(columns, method) {
    if (method !== App.choice.ANY) return [method];
    return columns.after.map((_, index) => index);
  }

  /* Put first is a wrong photo, within twice the threshold. */
  const isNear = ({ ranks, metres }, query, threshold) =>
    ranks[query] !== 0 && metres[query] !== null && metres[query] <= 2 * threshold;

  function disagree(columns, query) {
    const right = columns.after.filter((method) => method.ranks[query] === 0).length;
    return right > 0 && right < columns.after.length;
  }

  /* Whether a query passes a filter for the chosen method, or for any of them. */
  function passes(columns, query, filter, method, threshold) {
    if (filter === "all") return true;
    if (filter === "disagree") return disagree(columns, query);
    const methods = methodsOf(columns, method);
    if (filter === "near")
      return methods.some((each) => isNear(columns.after[each] || columns.before, query, threshold));
    return (
      methods.some((each) => outcome(columns, query, each) === filter) ||
      (filter === "unreachable" && columns.before.ranks[query] < 0)
    );
  }

  /* The queries of a condition and a search, by filter: filter -> query numbers. */
  function sift(columns, choice, threshold) {
    const sought = choice.search.trim().toLowerCase();
    const found = Object.fromEntries(Object.keys(FILTERS).map((filter) => [filter, []]));
    columns.names.forEach((name, query) => {
      if (choice.condition && columns.conditions[query] !== choice.condition) return;
      if (sought && !name.toLowerCase().includes(sought) && !columns.ids[query].startsWith(sought)) return;
      for (const filter of Object.keys(FILTERS)) {
        if (passes(columns, query, filter, choice.method, threshold)) found[filter].push(query);
      }
    });
    return found;
  }

  return { OUTCOMES, FILTERS, outcome, sift };
})();
