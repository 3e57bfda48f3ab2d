// On every page, draw its charts; on a city's pages, count what the reader chose.

import { draw } from "./charts.js";
import { FIGURES, labelOf } from "./figures.js";
import { count, dayOf, DIMENSIONS, Incidents, KINDS, sum, textOf, weeksOf } from "./packed.js";
import { chosenPeriod, comparisons, reach } from "./period.js";
import { element, fill, sparkline } from "./tables.js";
import {
  against, arrestShare, base, before, change, csv, earlierArrestShare, number, ofPeriod,
  PROVISIONAL, share, span, YEAR_AGO,
} from "./wording.js";

const FILTERS = ["category", "district", "neighborhood"];
const DEFAULTS = { period: "28", kind: "", category: "", district: "", neighborhood: "" };
const TILES = ["incidents", "violent", "property"];
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

const json = (id) => JSON.parse(document.getElementById(id)?.textContent ?? "null");

// ------------------------------------------------- the reader's choice, in the address

function readChoice(form) {
  const given = new URLSearchParams(location.hash.slice(1));
  const choice = { ...DEFAULTS, from: "", to: "" };
  for (const name of Object.keys(choice)) {
    if (!given.has(name)) continue;
    const field = form.elements[name];
    const value = given.get(name);
    const isKnown = field?.options
      ? [...field.options].some((option) => option.value === value)
      : /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(dayOf(value));
    if (isKnown) choice[name] = value;
  }
  return choice;
}

function writeChoice(choice) {
  const kept = Object.entries(choice).filter(
    ([name, value]) =>
      value !== (DEFAULTS[name] ?? "") &&
      (choice.period === "custom" || !["from", "to"].includes(name))
  );
  const hash = new URLSearchParams(kept).toString();
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  for (const link of all("a[data-keep]")) {
    link.href = link.getAttribute("href").split("#")[0] + (hash ? `#${hash}` : "");
  }
}

// ---------------------------------------------------------------- a city's pages

class CityPage {
  constructor(city) {
    this.city = city;
    this.form = document.getElementById("filters");
    this.incidents = new Incidents(city.base, city);
    this.nameOptions();
    this.choice = readChoice(this.form);
    this.form.addEventListener("change", (event) => this.onChange(event));
    this.form.addEventListener("reset", () => {
      this.choice = { ...DEFAULTS, from: "", to: "" };
      setTimeout(() => this.show());
    });
    window.addEventListener("hashchange", () => {
      this.choice = readChoice(this.form);
      this.show();
    });
    document.getElementById("csv")?.addEventListener("click", () => this.download());
  }

  // HTML can't hold every character of a label, such as a carriage return; the data can.
  nameOptions() {
    for (const name of FILTERS) {
      for (const option of this.form.elements[name]?.options ?? []) {
        const { code } = option.dataset;
        if (code) option.value = this.city.labels[name][code - 1];
      }
    }
  }

  onChange(event) {
    for (const name of Object.keys(this.choice)) {
      const field = this.form.elements[name];
      if (field) this.choice[name] = field.value;
    }
    if (["from", "to"].includes(event.target.name)) this.choice.period = "custom";
    this.show();
  }

  codeOf(name) {
    const label = this.choice[name] || this.city.fixed?.[name];
    if (!label) return undefined;
    return label === "~none" ? 0 : this.city.labels[name].indexOf(label) + 1;
  }

  // Shows one choice at a time: the latest.
  async show() {
    document.documentElement.dataset.busy = "yes";
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const { city, choice } = this;
    const period = chosenPeriod(city, choice);
    const compared = comparisons(city, period);
    const only = Object.fromEntries(DIMENSIONS.map((name) => [name, this.codeOf(name)]));
    const kind = KINDS[choice.kind] ?? 0;
    this.ask = {
      ...period,
      ...reach(city, period, compared),
      before: compared.before.from,
      complete: dayOf(city.complete),
      only,
      kind,
    };
    this.fillForm(period);
    const years = await this.incidents.years(this.ask.since, this.ask.until);
    if (turn !== this.turn) return;
    this.counts = count(years, city.labels, this.ask);
    this.showTiles(compared);
    this.showCategories(compared);
    await this.showFigures();
    writeChoice(choice);
    document.documentElement.dataset.busy = "no";
  }

  fillForm({ from, to }) {
    for (const [name, value] of Object.entries(this.choice)) {
      const field = this.form.elements[name];
      if (field) field.value = value;
    }
    this.form.elements.from.value = textOf(from);
    this.form.elements.to.value = textOf(to);
    const words = span(textOf(from), textOf(to));
    for (const place of all("[data-period]")) place.textContent = words;
  }

  showTiles(compared) {
    const { counts, ask } = this;
    const of = (name, { from, to }) => sum(counts, name, from, to);
    for (const name of TILES) {
      const [now, soFar] = [of(name, ask), of(name, compared.thisYear)];
      const changes = (stretch) => {
        const then = of(name, stretch);
        const compares = stretch === compared.lastYear ? soFar : now;
        return [change(compares, then, stretch.covered), base(then, stretch.covered)];
      };
      this.showTile(name, number(now), number(soFar), compared, changes, against);
    }
    const arrests = (stretch) => [of("arrests", stretch), of("known", stretch)];
    const [now, soFar] = [ask, compared.thisYear].map((at) => arrestShare(...arrests(at)));
    const shares = (stretch) => [
      earlierArrestShare(...arrests(stretch), stretch.covered), "",
    ];
    this.showTile("arrests", now, soFar, compared, shares, ofPeriod);
  }

  // `textsOf`: a stretch's change or share, and the number shown after it. `phrase` names
  // the stretch between the two.
  showTile(name, value, soFar, compared, textsOf, phrase) {
    const tile = document.querySelector(`[data-tile="${name}"]`);
    if (!tile) return;
    const lines = {
      before: [before(compared.length), compared.before],
      "year-ago": [YEAR_AGO, compared.yearAgo],
      "last-year": [`${compared.thisYear.year - 1} to the same date`, compared.lastYear],
    };
    tile.querySelector(".value").textContent = value;
    for (const [part, [words, stretch]] of Object.entries(lines)) {
      const [text, number] = textsOf(stretch);
      const line = tile.querySelector(`.${part}`);
      const shown = compared.isComplete ? text : PROVISIONAL;
      line.querySelector(".change").textContent = shown;
      line.querySelector(".than").textContent = phrase(shown, words);
      line.querySelector(".base").textContent = number;
    }
    tile.querySelector(".so-far").textContent =
      `${compared.thisYear.year} so far: ${soFar}`;
  }

  showCategories(compared) {
    const table = document.getElementById("categories");
    if (!table) return;
    const { city, counts } = this;
    const rows = this.categories();
    const covered = this.ask.to - dayOf(city.first) + 1;
    const total = rows.reduce((sum, row) => sum + row.incidents, 0);
    fill(
      table,
      ["Category", "Incidents", "Share", "Change", "52 weeks"],
      rows.map((row) => [
        row.label,
        number(row.incidents),
        share(row.incidents, total),
        compared.before.covered
          ? change(row.incidents, counts.categoryBefore[row.code], true)
          : "–",
        sparkline(weeksOf(counts, row.code, covered)),
      ])
    );
    document.getElementById("categories-total").textContent =
      `${number(total)} incidents in ${number(rows.filter((row) => row.code).length)} of ` +
      `${number(city.labels.category.length)} categories`;
  }

  categories() {
    const { city, counts } = this;
    return Array.from(counts.category, (incidents, code) => ({
      code, incidents, label: labelOf(city, "category", code),
    }))
      .filter((row) => row.incidents > 0)
      .sort((a, b) => b.incidents - a.incidents);
  }

  async showFigures() {
    for (const figure of all("figure[data-live]")) {
      const shown = FIGURES[figure.dataset.live](this.city, this.counts, this.ask);
      if (shown.rows) this.showTable(figure, shown);
      const box = figure.querySelector(".chart");
      if (box) await draw(box, shown.data);
    }
  }

  // The table behind a chart is filled when it is opened: it may have thousands of rows.
  showTable(figure, { header, rows }) {
    const details = figure.querySelector("details");
    const show = () => fill(details.querySelector("table"), header, rows);
    details.ontoggle = details.open ? null : show;
    if (details.open) show();
  }

  // The tiles' numbers for the reader's choice, one row per day.
  download() {
    const { counts, ask, choice, city } = this;
    const rows = [];
    // Some cities do not publish arrests, which is not the same as none.
    const publishes = counts.known.some((known) => known > 0);
    for (let day = ask.from; day <= ask.to; day++) {
      const at = day - counts.since;
      rows.push([
        textOf(day),
        ...["incidents", "violent", "property"].map((name) => counts[name][at]),
        publishes ? counts.arrests[at] : "",
        ...FILTERS.map((name) => choice[name] || city.fixed?.[name] || "all"),
        choice.kind || "all",
        day <= ask.complete ? "no" : "yes",
      ]);
    }
    const header = [
      "day", "incidents", "violent", "property", "arrests", ...FILTERS, "kind",
      "provisional",
    ];
    const link = element("a", {
      href: URL.createObjectURL(new Blob([csv(header, rows)], { type: "text/csv" })),
      download: `${city.city}_${textOf(ask.from)}_${textOf(ask.to)}.csv`,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}

// ---------------------------------------------------------------------- every page

async function start() {
  for (const figure of all("figure[data-fixed]")) {
    const rows = JSON.parse(figure.querySelector("script").textContent);
    await draw(figure.querySelector(".chart"), rows);
  }
  const city = json("city");
  if (city?.years?.length) await new CityPage(city).show();
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => {
  const place = document.getElementById("trouble");
  place.textContent = error.message;
  place.hidden = false;
  throw error;
});
