// Read a city's packed incidents and count them; pipelines/site/packed.py has the format.
// Days are numbers: whole days since 1970-01-01.

const DAY_MS = 86400000;
export const DIMENSIONS = ["category", "district", "neighborhood", "resolution"];
export const NO_HOUR = 24;
export const KINDS = { violent: 1, property: 2 };

export const dayOf = (text) => Date.parse(`${text}T00:00:00Z`) / DAY_MS;
export const textOf = (day) => new Date(day * DAY_MS).toISOString().slice(0, 10);
export const yearOf = (day) => new Date(day * DAY_MS).getUTCFullYear();
export const firstOf = (year) => Date.UTC(year, 0, 1) / DAY_MS;
// 0 is Monday.
export const weekdayOf = (day) => (day + 3) % 7;

async function unpacked(url) {
  const answer = await fetch(url);
  if (!answer.ok) {
    throw new Error(
      `${url} can't be read (${answer.status}). New data may have been published: ` +
        "reload the page."
    );
  }
  const stream = answer.body.pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

async function readYear(base, entry) {
  const buffer = await unpacked(base + entry.file);
  const first = firstOf(entry.year);
  const days = firstOf(entry.year + 1) - first;
  const perDay = new Uint32Array(buffer, 0, days);
  const starts = new Uint32Array(days + 1);
  for (let day = 0; day < days; day++) starts[day + 1] = starts[day] + perDay[day];
  const year = { first, days, starts };
  let at = 4 * days;
  const rows = starts[days];
  for (const name of [...DIMENSIONS, "hour", "flags"]) {
    const end = at + rows * (entry.bytes[name] ?? 1);
    year[name] =
      entry.bytes[name] === 2
        ? new Uint16Array(buffer.slice(at, end))
        : new Uint8Array(buffer, at, rows);
    at = end;
  }
  return year;
}

// A city's years, each fetched when it is first needed.
export class Incidents {
  constructor(base, city) {
    this.base = base;
    this.city = city;
    this.read = new Map();
  }

  years(from, to) {
    const wanted = this.city.years.filter(
      (entry) => entry.year >= yearOf(from) && entry.year <= yearOf(to)
    );
    for (const entry of wanted) {
      if (!this.read.has(entry.year)) {
        this.read.set(entry.year, readYear(this.base, entry));
      }
    }
    return Promise.all(wanted.map((entry) => this.read.get(entry.year)));
  }
}

const PER_DAY = ["incidents", "violent", "property", "arrests", "known"];
const WEEKS = 52;

// Count incidents in one pass.
//
// `ask`: `since` and `until`, the days counted one by one; `from` and `to`, the period
// that is broken down; `before`, the first day of the equal period before it; `only`, the
// code to keep of each filtered dimension; `kind`, a bit.
export function count(years, labels, ask) {
  const days = ask.until - ask.since + 1;
  const result = { since: ask.since };
  for (const name of PER_DAY) result[name] = new Int32Array(days);
  for (const name of DIMENSIONS) {
    result[name] = new Int32Array(labels[name].length + 1);
  }
  result.hours = new Int32Array(7 * (NO_HOUR + 1));
  result.categoryBefore = new Int32Array(labels.category.length + 1);
  result.categoryWeeks = new Int32Array((labels.category.length + 1) * WEEKS);
  const only = DIMENSIONS.map((name) => ask.only[name] ?? -1);
  for (const year of years) countYear(year, ask, only, result);
  return result;
}

function countYear(year, ask, only, result) {
  const { category, district, neighborhood, resolution, hour, flags, starts } = year;
  const [onlyCategory, onlyDistrict, onlyNeighborhood, onlyResolution] = only;
  const isFiltered = only.some((code) => code >= 0) || ask.kind > 0;
  const first = Math.max(ask.since, year.first);
  const last = Math.min(ask.until, year.first + year.days - 1);
  for (let day = first; day <= last; day++) {
    const inPeriod = day >= ask.from && day <= ask.to;
    const isBefore = day >= ask.before && day < ask.from;
    const week = day > ask.to ? -1 : WEEKS - 1 - Math.floor((ask.to - day) / 7);
    const weekday = weekdayOf(day) * (NO_HOUR + 1);
    let all = 0, violent = 0, property = 0, arrests = 0, known = 0;
    const end = starts[day - year.first + 1];
    for (let i = starts[day - year.first]; i < end; i++) {
      const flag = flags[i];
      if (
        isFiltered &&
        ((onlyCategory >= 0 && category[i] !== onlyCategory) ||
          (onlyDistrict >= 0 && district[i] !== onlyDistrict) ||
          (onlyNeighborhood >= 0 && neighborhood[i] !== onlyNeighborhood) ||
          (onlyResolution >= 0 && resolution[i] !== onlyResolution) ||
          (ask.kind > 0 && (flag & ask.kind) === 0))
      ) {
        continue;
      }
      all++;
      violent += flag & 1;
      property += (flag >> 1) & 1;
      arrests += (flag >> 2) & 1;
      known += (flag >> 3) & 1;
      if (week >= 0) result.categoryWeeks[category[i] * WEEKS + week]++;
      if (inPeriod) {
        result.category[category[i]]++;
        result.district[district[i]]++;
        result.neighborhood[neighborhood[i]]++;
        result.resolution[resolution[i]]++;
        result.hours[weekday + hour[i]]++;
      } else if (isBefore) {
        result.categoryBefore[category[i]]++;
      }
    }
    const at = day - ask.since;
    result.incidents[at] = all;
    result.violent[at] = violent;
    result.property[at] = property;
    result.arrests[at] = arrests;
    result.known[at] = known;
  }
}

// The sum of a measure over some days, as far as they were counted.
export function sum(counts, measure, from, to) {
  let total = 0;
  const values = counts[measure];
  const end = Math.min(to - counts.since, values.length - 1);
  for (let at = Math.max(0, from - counts.since); at <= end; at++) total += values[at];
  return total;
}

// A category's counts in whole weeks up to the last day, as far back as the data goes.
export function weeksOf(counts, code, covered) {
  const first = Math.max(0, WEEKS - Math.floor(covered / 7));
  return counts.categoryWeeks.subarray(code * WEEKS + first, (code + 1) * WEEKS);
}
