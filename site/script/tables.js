// Tables of text and numbers; no markup is ever made from data.

export function element(name, options = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

// Fill a table: the first column names the row, the others are aligned as numbers.
export function fill(table, header, rows) {
  const head = element("tr", {}, ...header.map((title, at) => headCell(title, at)));
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceChildren(...rows.map((cells) => tableRow(cells)));
}

function headCell(title, at) {
  return element("th", { scope: "col", className: at ? "number" : "" }, title);
}

function tableRow(cells) {
  return element(
    "tr",
    {},
    ...cells.map((cell, at) =>
      at
        ? element("td", { className: "number" }, cell)
        : element("th", { scope: "row" }, cell)
    )
  );
}

const FEWEST_WEEKS = 4;

// A small line of weekly counts; a dash for too few weeks.
export function sparkline(values) {
  if (values.length < FEWEST_WEEKS) return "–";
  const top = Math.max(1, ...values);
  const points = Array.from(values, (value, at) => {
    const x = ((at * 100) / (values.length - 1)).toFixed(1);
    return `${x},${(19 - (18 * value) / top).toFixed(1)}`;
  });
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 100 20");
  svg.setAttribute("class", "spark");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("preserveAspectRatio", "none");
  const line = document.createElementNS(space, "polyline");
  line.setAttribute("points", points.join(" "));
  svg.append(line);
  return svg;
}
