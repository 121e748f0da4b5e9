/* Making elements. Data enters a page as text or as a property here, never as markup. */
"use strict";

App.dom = (() => {
  const SVG = "http://www.w3.org/2000/svg";

  /* Properties: "class", "on" (event -> listener), "data" (name -> value), "vars" (CSS variables),
     anything with a dash and those of SVG as attributes, the rest as properties. */
  function fill(element, properties, children) {
    for (const [name, value] of Object.entries(properties || {})) {
      if (value === undefined || value === null) continue;
      if (name === "class") element.setAttribute("class", value);
      else if (name === "on")
        Object.entries(value).forEach(([event, listener]) => element.addEventListener(event, listener));
      else if (name === "data") Object.assign(element.dataset, value);
      else if (name === "vars")
        Object.entries(value).forEach(([key, text]) => element.style.setProperty(key, text));
      else if (name.includes("-") || name === "role" || element.namespaceURI === SVG)
        element.setAttribute(name, value);
      else element[name] = value;
    }
    element.append(...present(children));
    return element;
  }

  /* Children that are null, undefined or "" stand for nothing. */
  const present = (children) =>
    children.flat().filter((child) => child !== null && child !== undefined && child !== "");

  /* Give an element new children. What had the focus among the old ones gives it to what has the same
     data-focus among the new ones: to the one checked, where several are a choice. */
  function put(element, ...children) {
    const key = element.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
    element.replaceChildren(...present(children));
    if (key === undefined) return;
    const heirs = [...element.querySelectorAll("[data-focus]")].filter((heir) => heir.dataset.focus === key);
    (heirs.find((heir) => heir.getAttribute("aria-checked") === "true") || heirs[0])?.focus({
      preventScroll: true,
    });
  }

  const make = (tag, properties, ...children) => fill(document.createElement(tag), properties, children);
  const draw = (tag, properties, ...children) =>
    fill(document.createElementNS(SVG, tag), properties, children);
  const byId = (id) => document.getElementById(id);

  /* A list of names and what they are. */
  function facts(pairs) {
    return make(
      "dl",
      { class: "facts" },
      pairs.map(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]).flat(),
    );
  }

  return { make, draw, put, byId, facts };
})();
