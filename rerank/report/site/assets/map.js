/* The map of queries: a mark where each was taken, by what became of it. Drag, zoom, click to open. */
"use strict";

App.map = (() => {
  const { make, put, byId } = App.dom;
  const { OUTCOMES } = App.outcomes;
  const NEAR_PX = 14;
  const STEP_PX = 60;
  const CLICK_PX = 5;
  const TIP_PX = [200, 190];
  // marked: [query, outcome] of those that have a place and the chosen condition.
  const state = {
    key: "",
    columns: null,
    ground: [],
    marked: [],
    view: null,
    hidden: new Set(),
    hovered: -1,
    drag: null,
  };

  const canvas = () => byId("map-canvas");
  const placeOf = (query) => state.columns.positions[query];
  const pixels = (query) => App.window.toPixels(state.view, placeOf(query));
  const visible = () => state.marked.filter(([, outcome]) => !state.hidden.has(outcome));

  function method() {
    const { task, method: chosen } = App.choice.now;
    return chosen === App.choice.ANY ? App.choice.best(task) : chosen;
  }

  async function show() {
    const key = App.choice.now.task;
    const [columns, ground] = await Promise.all([App.data.columns(key), App.data.load(`${key}/ground`)]);
    if (key !== App.choice.now.task || byId("page-map").hidden) return;
    if (state.key !== key) state.view = null;
    Object.assign(state, { key, columns, ground, hovered: -1 });
    state.marked = columns.positions ? marks() : [];
    frame();
  }

  function marks() {
    const { condition } = App.choice.now;
    const { columns } = state;
    return columns.ids
      .map((_, query) => [query, App.outcomes.outcome(columns, query, method())])
      .filter(([query]) => placeOf(query).every((value) => value !== null))
      .filter(([query]) => !condition || columns.conditions[query] === condition);
  }

  function frame() {
    const { controls } = App;
    const filters = make(
      "div",
      { class: "filters" },
      controls.tasks(),
      controls.methods(false),
      controls.conditions(),
    );
    const { dataset } = App.data.task(state.key);
    const unknown = `The photos of ${dataset} were not found when this report was made, nor where they were taken.`;
    put(
      byId("page-map"),
      make("h1", {}, "Map"),
      filters,
      state.columns.positions ? [mapFrame(), legend()] : make("p", { class: "empty" }, unknown),
    );
    if (!canvas()) return;
    resized(); // at once: a pointer may be over it before the observer speaks
    new ResizeObserver(resized).observe(canvas());
  }

  function mapFrame() {
    const button = (text, label, act) =>
      make("button", { type: "button", "aria-label": label, title: label, on: { click: act } }, text);
    return make(
      "div",
      { class: "map-frame" },
      drawing(),
      make(
        "div",
        { class: "map-buttons" },
        button("+", "Zoom in", () => zoom(1.5)),
        button("\u2212", "Zoom out", () => zoom(1 / 1.5)),
        button("\u2922", "Show all", fitAll),
      ),
      make("div", { id: "map-tip", class: "map-tip", hidden: true }),
    );
  }

  function drawing() {
    const counted = App.words.count(state.marked.length, "query", "queries");
    return make("canvas", {
      id: "map-canvas",
      tabIndex: 0,
      role: "application",
      data: { focus: "map" },
      "aria-label": `Map of ${counted}. Arrows move it, plus and minus zoom, 0 shows all. The page Queries lists the same.`,
      on: {
        pointerdown: grab,
        pointermove: move,
        pointerup: release,
        pointercancel: drop,
        pointerleave: () => hover(-1),
        wheel,
        keydown,
      },
    });
  }

  function legend() {
    const label = App.data.task(state.key).methods[method()];
    const said = label ? `What became of each query with ${label}, at R@1.` : "Retrieval alone, at R@1.";
    const count = (name) => state.marked.filter(([, outcome]) => outcome === name).length;
    return make(
      "div",
      { class: "map-legend", role: "group", "aria-label": "Outcomes shown" },
      make("p", {}, `${said} A click hides or shows marks. Small dots are photos of the database.`),
      Object.entries(OUTCOMES).map(([name, { word }]) =>
        make(
          "button",
          {
            type: "button",
            class: "chip",
            "aria-pressed": String(!state.hidden.has(name)),
            on: { click: (event) => toggle(name, event.currentTarget) },
          },
          App.marks.picture(name),
          word,
          make("span", { class: "count" }, String(count(name))),
        ),
      ),
    );
  }

  function toggle(name, button) {
    if (!state.hidden.delete(name)) state.hidden.add(name);
    button.setAttribute("aria-pressed", String(!state.hidden.has(name)));
    paint();
  }

  function resized() {
    const element = canvas();
    if (!element || !element.clientWidth) return;
    const ratio = devicePixelRatio || 1;
    [element.width, element.height] = [element.clientWidth * ratio, element.clientHeight * ratio];
    if (!state.view) return fitAll();
    Object.assign(state.view, { width: element.clientWidth, height: element.clientHeight });
    paint();
  }

  function fitAll() {
    const { clientWidth, clientHeight } = canvas();
    const places = state.marked.map(([query]) => placeOf(query));
    state.view = App.window.fit(places.length ? places : state.ground, clientWidth, clientHeight);
    paint();
  }

  function paint() {
    if (!canvas() || !state.view) return;
    const marked = visible().map(([query, outcome]) => [placeOf(query), outcome, query === state.hovered]);
    App.mapPaint.paint(canvas(), state.view, state.ground, marked);
  }

  function nearest(x, y) {
    let [found, best] = [-1, NEAR_PX];
    for (const [query] of visible()) {
      const [right, down] = pixels(query);
      const distance = Math.hypot(right - x, down - y);
      if (distance < best) [found, best] = [query, distance];
    }
    return found;
  }

  function hover(query) {
    if (query === state.hovered) return;
    state.hovered = query;
    canvas().classList.toggle("over", query >= 0);
    byId("map-tip").hidden = query < 0;
    if (query >= 0) tip(query);
    paint();
  }

  function tip(query) {
    const { columns, view } = state;
    const box = byId("map-tip");
    const [x, y] = pixels(query).map((pixel) => pixel + 14);
    const photo = App.data.photo(columns.photos[query]);
    const { word } = OUTCOMES[state.marked.find(([each]) => each === query)[1]];
    put(
      box,
      photo ? make("img", { src: photo, alt: "" }) : null,
      make("span", {}, App.words.short(columns.names[query])),
      make("b", {}, word),
    );
    box.style.setProperty("--x", `${Math.min(x, view.width - TIP_PX[0])}px`);
    box.style.setProperty("--y", `${Math.max(8, Math.min(y, view.height - TIP_PX[1]))}px`);
  }

  function grab(event) {
    canvas().setPointerCapture(event.pointerId);
    state.drag = { x: event.offsetX, y: event.offsetY, moved: 0 };
  }

  function drop() {
    state.drag = null;
  }

  function move(event) {
    const { drag } = state;
    if (!drag) return hover(nearest(event.offsetX, event.offsetY));
    const [right, down] = [event.offsetX - drag.x, event.offsetY - drag.y];
    state.drag = { x: event.offsetX, y: event.offsetY, moved: drag.moved + Math.abs(right) + Math.abs(down) };
    state.view = App.window.panned(state.view, right, down);
    hover(-1);
    paint();
  }

  function release(event) {
    const clicked = state.drag && state.drag.moved < CLICK_PX;
    drop();
    const query = clicked ? nearest(event.offsetX, event.offsetY) : -1;
    if (query >= 0) App.router.go(App.router.queryLink(state.key, state.columns.ids[query]));
  }

  function wheel(event) {
    event.preventDefault();
    zoom(1.0015 ** -event.deltaY, [event.offsetX, event.offsetY]);
  }

  function zoom(factor, around = [state.view.width / 2, state.view.height / 2]) {
    state.view = App.window.zoomed(state.view, factor, around);
    hover(-1);
    paint();
  }

  function keydown(event) {
    const pans = {
      ArrowLeft: [STEP_PX, 0],
      ArrowRight: [-STEP_PX, 0],
      ArrowUp: [0, STEP_PX],
      ArrowDown: [0, -STEP_PX],
    };
    const acts = { "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), 0: fitAll };
    if (pans[event.key]) {
      state.view = App.window.panned(state.view, ...pans[event.key]);
      paint();
    } else if (acts[event.key]) acts[event.key]();
    else return;
    event.preventDefault();
  }

  addEventListener("themechange", paint);
  return { draw: () => undefined, show };
})();
