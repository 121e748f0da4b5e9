/* Light and dark: as the system says, or as was chosen here. Runs before anything is painted. */
"use strict";
window.App = {};

App.theme = (() => {
  const KEY = "rerank-report-theme";
  const root = document.documentElement;

  /* Storage may be forbidden for files: the choice then lasts as long as the page. */
  function remembered() {
    try {
      return localStorage.getItem(KEY);
    } catch (forbidden) {
      return null;
    }
  }

  function remember(theme) {
    try {
      localStorage.setItem(KEY, theme);
    } catch (forbidden) {
      return;
    }
  }

  function isDark() {
    return root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  function toggle() {
    root.dataset.theme = isDark() ? "light" : "dark";
    remember(root.dataset.theme);
    dispatchEvent(new Event("themechange"));
  }

  const chosen = remembered();
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    dispatchEvent(new Event("themechange")),
  );
  return { isDark, toggle };
})();
