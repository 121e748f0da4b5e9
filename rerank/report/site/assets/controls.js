/* Controls that several pages have: a choice out of a list, and one out of a few chips. */
"use strict";

App.controls = (() => {
  const { make } = App.dom;

  function select(label, options, value, choose) {
    const list = make(
      "select",
      { data: { focus: label }, on: { change: () => choose(list.value) } },
      options.map(([key, text]) => make("option", { value: String(key) }, text)),
    );
    list.value = String(value);
    return make("label", { class: "control" }, make("span", {}, label), list);
  }

  /* One of several, as radio buttons are: options are [key, text, hint, count]. */
  function chips(label, options, value, choose) {
    const buttons = options.map(([key, text, hint, count]) =>
      make(
        "button",
        {
          type: "button",
          class: "chip",
          role: "radio",
          title: hint,
          "aria-checked": String(key === value),
          data: { key, focus: label },
          tabIndex: key === value ? 0 : -1,
          on: {
            click: () => choose(key),
            keydown: (event) =>
              step(
                event,
                options.map(([each]) => each),
                choose,
              ),
          },
        },
        text,
        count === undefined ? null : make("span", { class: "count" }, String(count)),
      ),
    );
    return make("div", { class: "chips", role: "radiogroup", "aria-label": label }, buttons);
  }

  /* Left and right choose the neighbour, as in radio buttons; the new chips take the focus over. */
  function step(event, keys, choose) {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    const place = keys.findIndex((key) => String(key) === event.currentTarget.dataset.key);
    choose(keys[(place + move + keys.length) % keys.length]);
  }

  function tasks() {
    const { tasks: all } = App.data.summary();
    if (all.length < 2) return null;
    const shared = (task) => all.filter((other) => other.dataset === task.dataset).length > 1;
    const text = (task) =>
      shared(task)
        ? `${task.dataset} (${task.candidates} of ${task.retriever}, ${task.threshold_m} m)`
        : task.dataset;
    return select(
      "Dataset",
      all.map((task) => [task.key, text(task)]),
      App.choice.now.task,
      (key) => App.choice.set({ task: key }),
    );
  }

  function methods(withAny) {
    const { methods: labels } = App.data.task(App.choice.now.task);
    if (!labels.length) return null;
    const any = withAny && labels.length > 1 ? [[App.choice.ANY, "any method"]] : [];
    const value =
      App.choice.now.method === App.choice.ANY && !withAny
        ? App.choice.best(App.choice.now.task)
        : App.choice.now.method;
    return select("Method", [...any, ...labels.map((label, index) => [index, label])], value, (index) =>
      App.choice.set({ method: Number(index) }),
    );
  }

  function conditions() {
    const { conditions: names } = App.data.task(App.choice.now.task);
    if (names.length < 2) return null;
    return select(
      "Condition",
      [["", "all"], ...names.map((name) => [name, name])],
      App.choice.now.condition,
      (name) => App.choice.set({ condition: name }),
    );
  }

  return { select, chips, tasks, methods, conditions };
})();
