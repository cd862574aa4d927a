// The table of estimates: sort, filter, download. Cells are set as text, so no name becomes markup.
(() => {
  const { columns, shown, rows, labels, provenance } = JSON.parse(document.getElementById("table-data").textContent);
  const section = document.getElementById("table");
  const [head, body] = [section.querySelector("thead tr"), section.querySelector("tbody")];
  const [filter, count] = [section.querySelector("input"), section.querySelector("output")];
  const titles = {
    relative_depth: "depth", layer_index: "index", n_features: "ambient dimension", n_samples: "N",
    n_duplicates: "duplicates", value: "dimension", interval_low: "95 % from", interval_high: "to",
  };
  const place = Object.fromEntries(columns.map((name, index) => [name, index]));
  const numeric = new Set(shown.filter((name) => rows.some((row) => typeof row[place[name]] === "number")));
  const whole = new Set([...numeric].filter((name) => rows.every((row) => Number.isInteger(row[place[name]] ?? 0))));
  const order = { name: null, sign: 1 };

  const cell = (name, value) => {
    if (value === null) return "–";
    if (name === "method") return labels[value] ?? value;
    if (typeof value !== "number" || name === "step") return String(value);
    const digits = name === "stderr" ? 2 : 4;
    const precision = { minimumSignificantDigits: digits, maximumSignificantDigits: digits };
    return value.toLocaleString("en", whole.has(name) ? {} : precision);
  };

  const compare = (first, second) => {
    const [a, b] = [first[place[order.name]], second[place[order.name]]];
    if (a === null || b === null) return (a === null) - (b === null); // unknown values last, either way
    return order.sign * (typeof a === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
  };

  const current = () => {
    const words = filter.value.toLowerCase().split(/\s+/);
    const matching = rows.filter((row) => {
      const text = shown.map((name) => `${row[place[name]]} ${cell(name, row[place[name]])}`).join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
    return order.name ? matching.sort(compare) : matching;
  };

  const element = (tag, text, className) => Object.assign(document.createElement(tag), { textContent: text, className });

  const render = () => {
    const matching = current();
    body.replaceChildren(...matching.map((row) => {
      const line = document.createElement("tr");
      line.append(...shown.map((name) =>
        element("td", cell(name, row[place[name]]), `${name} ${numeric.has(name) ? "numeric" : ""}`)));
      return line;
    }));
    count.textContent = `${matching.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows`;
  };

  const sortBy = (name) => {
    order.sign = order.name === name ? -order.sign : 1;
    order.name = name;
    [...head.children].forEach((th, index) => {
      if (shown[index] === name) th.setAttribute("aria-sort", order.sign > 0 ? "ascending" : "descending");
      else th.removeAttribute("aria-sort");
    });
    render();
  };

  const quoted = (value) => {
    const text = value === null ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };

  const contents = {
    csv: () => [columns, ...current()].map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n",
    json: () => JSON.stringify({
      estimates: current().map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]]))),
      provenance,
    }, null, 1),
  };

  const download = (kind) => {
    const type = { csv: "text/csv", json: "application/json" }[kind];
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([contents[kind]()], { type }));
    link.download = `dimensions.${kind}`;
    link.click();
    URL.revokeObjectURL(link.href);
  };

  head.append(...shown.map((name) => {
    const th = element("th", "", numeric.has(name) ? "numeric" : "");
    const button = element("button", titles[name] ?? name.replaceAll("_", " "), "");
    button.type = "button";
    button.addEventListener("click", () => sortBy(name));
    th.append(button);
    return th;
  }));
  filter.addEventListener("input", render);
  for (const button of section.querySelectorAll("[data-download]")) {
    button.addEventListener("click", () => download(button.dataset.download));
  }
  render();
})();
