/* Putting the pages together: each is drawn when first shown, and told of every route to it. */
"use strict";

(() => {
  const { byId } = App.dom;
  const pages = {
    leaderboard: App.leaderboard,
    plots: App.plots,
    methods: App.methods,
    map: App.map,
    queries: App.browser,
  };
  const drawn = new Set();
  let current = null;

  /* `data-drawn` of main is the address whose page is all there, "#" where it names none. */
  function follow() {
    const { hash } = location;
    const route = App.router.route();
    for (const name of App.router.PAGES) byId(`page-${name}`).hidden = name !== route.page;
    document.querySelectorAll("[data-page]").forEach((link) => {
      if (link.dataset.page === route.page) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    });
    document.body.classList.toggle("one-query", Boolean(route.query));
    if (!drawn.has(route.page)) pages[route.page].draw();
    drawn.add(route.page);
    delete byId("main").dataset.drawn;
    Promise.resolve(pages[route.page].show(route)).then(() => drawnAt(hash), fail);
    if (current !== null && current !== route.page) {
      scrollTo(0, 0);
      byId("main").focus({ preventScroll: true });
    }
    current = route.page;
  }

  function drawnAt(hash) {
    if (hash === location.hash) byId("main").dataset.drawn = hash || "#";
  }

  function fail(error) {
    byId("failure").textContent = error.message;
    byId("failure").hidden = false;
  }

  function changed(now, before) {
    App.browser.changed(now, before);
    if (!byId("page-map").hidden) App.map.show().catch(fail);
  }

  if (!App.data.summary()) {
    fail(new Error("data/summary.js is missing: the report's folder is not whole."));
    return;
  }
  App.choice.begin();
  App.choice.listen(changed);
  App.pair.begin();
  App.keys.begin();
  addEventListener("hashchange", follow);
  follow();
})();
