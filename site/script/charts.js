// Draw Vega charts in the page's colors; the build writes their specs to specs.js.

const drawn = new Map();
// Vega warns about a layer without rows, such as days without holidays: that is fine.
const ERRORS = 1;

function colors() {
  const style = getComputedStyle(document.documentElement);
  return (token) => style.getPropertyValue(`--${token}`).trim();
}

function inColors(spec) {
  const color = colors();
  return JSON.parse(
    JSON.stringify(spec).replace(/"@([a-z0-9-]+)"/g, (_, token) =>
      JSON.stringify(color(token))
    )
  );
}

// Draw a chart, or update it.
//
// `data`: rows by the name of a data set in the spec.
export async function draw(box, data) {
  const name = box.dataset.chart;
  let view = drawn.get(box)?.view;
  if (!view) {
    const spec = inColors(window.chartSpecs[name]);
    for (const set of spec.data) if (set.name in data) set.values = data[set.name];
    const made = await window.vegaEmbed(box, spec, {
      mode: "vega", renderer: "svg", actions: false, defaultStyle: false,
      tooltip: showTooltip, logLevel: ERRORS,
    });
    view = made.view;
    // The box has a label, and the table below it has the numbers.
    box.querySelector("svg").setAttribute("aria-hidden", "true");
  } else {
    for (const [set, rows] of Object.entries(data)) view.data(set, rows);
    await view.runAsync();
  }
  drawn.set(box, { view, data });
}

async function redraw() {
  for (const [box, { view, data }] of [...drawn]) {
    view.finalize();
    drawn.delete(box);
    box.replaceChildren();
    await draw(box, data);
  }
}

window
  .matchMedia("(prefers-color-scheme: dark)")
  .addEventListener("change", () => redraw());

const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
document.body.append(tip);

// Text only: labels come from publishers and may contain anything.
function showTooltip(handler, event, item, value) {
  const isEmpty = value === null || value === undefined || value === "";
  tip.hidden = isEmpty;
  if (isEmpty) return;
  const lines =
    typeof value === "object"
      ? Object.entries(value).map(([key, text]) => `${key}: ${text}`)
      : [String(value)];
  tip.textContent = lines.join("\n");
  const right = window.innerWidth - tip.offsetWidth - 8;
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, right))}px`;
  tip.style.top = `${event.clientY + 14}px`;
}
