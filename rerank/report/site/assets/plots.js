/* The plots, as they were drawn for paper. */
"use strict";

App.plots = (() => {
  const { make, put, byId } = App.dom;

  function figure(plot) {
    const [svg, png] = ["svg", "png"].map((suffix) => `plots/${plot.file}.${suffix}`);
    return make(
      "figure",
      { class: "plot" },
      make("figcaption", {}, make("h2", {}, plot.title), make("p", {}, plot.caption)),
      make(
        "a",
        { class: "paper", href: svg, "aria-label": `${plot.title}, alone` },
        make("img", { src: svg, alt: `${plot.title}. ${plot.caption}`, loading: "lazy" }),
      ),
      make("p", { class: "files" }, make("a", { href: svg }, "SVG"), make("a", { href: png }, "PNG")),
    );
  }

  function draw() {
    put(
      byId("page-plots"),
      make("h1", {}, "Plots"),
      make("div", { class: "figures" }, App.data.summary().plots.map(figure)),
    );
  }

  return { draw, show: () => undefined };
})();
