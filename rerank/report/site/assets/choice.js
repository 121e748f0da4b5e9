/* What is chosen for all pages: a task, a method, a condition, a filter. Pages listen for changes. */
"use strict";

App.choice = (() => {
  const ANY = -1;
  const listeners = [];
  const now = { task: null, method: 0, condition: "", filter: "all", search: "" };

  function begin() {
    const first = App.data.summary().tasks[0];
    now.task = first.key;
    now.method = best(first.key);
  }

  /* The method that has the highest R@1 of a task. */
  function best(key) {
    const board = App.data.summary().boards.find((found) => found.task === key && found.whole);
    const { methods } = App.data.task(key);
    const recall = (label) =>
      board.rows.find((row) => row.reranks && row.method === label).recalls[0]?.[0] ?? 0;
    return methods.reduce(
      (leader, label, index) => (recall(label) > recall(methods[leader]) ? index : leader),
      0,
    );
  }

  function set(changes) {
    const before = { ...now };
    Object.assign(now, changes);
    if (now.task !== before.task) follow(before);
    if (Object.keys(now).some((name) => now[name] !== before[name]))
      listeners.forEach((listener) => listener(now, before));
  }

  /* In another task: the same method where it is there, and a condition that it has. */
  function follow(before) {
    const task = App.data.task(now.task);
    const label = App.data.task(before.task).methods[before.method];
    const same = task.methods.indexOf(label);
    now.method = before.method === ANY ? ANY : same >= 0 ? same : best(now.task);
    if (!task.conditions.includes(now.condition)) now.condition = "";
  }

  return { now, set, begin, best, listen: (listener) => listeners.push(listener), ANY };
})();
