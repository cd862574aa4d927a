"use strict";

// Figures: drawn from the JSON beside them; the chips choose what is visible, the theme its colours.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const theme = () => {
    const axis = (name) => ({
      [`${name}.gridcolor`]: colour("--grid"),
      [`${name}.linecolor`]: colour("--muted"),
      [`${name}.tickcolor`]: colour("--muted"),
    });
    return {
      paper_bgcolor: "transparent",
      plot_bgcolor: "transparent",
      "font.color": colour("--ink"),
      "hoverlabel.bgcolor": colour("--card"),
      "hoverlabel.bordercolor": colour("--rule"),
      "hoverlabel.font.color": colour("--ink"),
      ...axis("xaxis"),
      ...axis("yaxis"),
    };
  };

  const pressed = (group) => [...group.querySelectorAll(".chip[aria-pressed='true']")];

  const update = (figure, groups, relayout) => {
    const chosen = groups
      .filter((group) => group.dataset.key)
      .map((group) => [group.dataset.key, new Set(pressed(group).map((chip) => chip.dataset.value))]);
    const visible = figure.data.map(({ meta }) =>
      chosen.every(([key, values]) => meta[key] === undefined || values.has(meta[key])));
    return Plotly.update(figure, { visible }, relayout);
  };

  const press = (chip, group) => {
    if (group.dataset.single === "true") {
      for (const other of group.querySelectorAll(".chip")) other.setAttribute("aria-pressed", other === chip);
      return JSON.parse(chip.dataset.relayout);
    }
    chip.setAttribute("aria-pressed", chip.getAttribute("aria-pressed") !== "true");
    return {};
  };

  const draw = async (figure) => {
    const { data, layout } = JSON.parse(document.getElementById(`${figure.dataset.figure}-data`).textContent);
    if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false; // let a finger scroll the page
    await Plotly.newPlot(figure, data, layout, {
      responsive: true,
      displaylogo: false,
      modeBarButtonsToRemove: ["lasso2d", "select2d"],
      toImageButtonOptions: { format: "svg", filename: figure.dataset.figure },
    });
    await Plotly.relayout(figure, theme());
    const groups = [...figure.parentElement.querySelectorAll(".group")];
    for (const group of groups) {
      group.addEventListener("click", (event) => {
        const chip = event.target.closest(".chip");
        const every = event.target.closest(".every");
        if (every) for (const each of group.querySelectorAll(".chip")) each.setAttribute("aria-pressed", every.dataset.every);
        if (chip || every) update(figure, groups, chip ? press(chip, group) : {});
      });
    }
  };

  const figures = [...document.querySelectorAll("[data-figure]")];
  figures.forEach(draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    figures.forEach((figure) => Plotly.relayout(figure, theme())));
})();
