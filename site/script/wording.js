// Numbers, days and changes, as pipelines/site/wording.py writes them:
// tests/support/wording.json lists what both must write.

// The same limit as in pipelines/site/wording.py.
const SMALL = 20;
const MINUS = "\u2212";

const NO_DATA = "No data";
const FEW = "Too few";
const TOO_FEW = "Too few to compare";
export const PROVISIONAL = "Provisional, so not compared";
export const YEAR_AGO = "a year ago";

// Made once: with `toLocaleString`, a table of nine years took 50 ms longer.
const NUMBERS = new Intl.NumberFormat("en-US");
export const number = (value) => NUMBERS.format(value);

// A percentage; a dash if `whole` is 0, words if it is small.
export function share(part, whole) {
  if (!whole) return "–";
  return whole < SMALL ? FEW : `${((100 * part) / whole).toFixed(1)}%`;
}

// The change as a percentage, or why there is none: a small number moves by chance alone.
export function change(now, base, isCovered) {
  if (!isCovered) return NO_DATA;
  if (base < SMALL) return TOO_FEW;
  const pct = (100 * (now - base)) / base;
  const text = Math.abs(pct).toFixed(1);
  if (text === "0.0") return "0.0%";
  return `${pct < 0 ? MINUS : "+"}${text}%`;
}

// The share of incidents with an arrest, among those where that is known.
export const arrestShare = (arrests, known) => (known ? share(arrests, known) : NO_DATA);

// The arrest share of an earlier period, to compare with.
export function earlierArrestShare(arrests, known, isCovered) {
  const text = isCovered ? arrestShare(arrests, known) : NO_DATA;
  return text === FEW ? TOO_FEW : text;
}

// The earlier number, shown after a change.
export const base = (count, isCovered) => (isCovered ? `(${number(count)})` : "");

// What a number is compared with, shown after the change.
export function against(change, period) {
  const words = { [NO_DATA]: "for", [TOO_FEW]: "with", [PROVISIONAL]: "with" };
  return `${words[change] ?? "vs."} ${period}`;
}

// When a share was that high, shown after an earlier share.
export function ofPeriod(share, period) {
  if ([NO_DATA, TOO_FEW, PROVISIONAL].includes(share)) return against(share, period);
  return period === YEAR_AGO ? period : `in ${period}`;
}

// A number of days.
export const days = (count) => (count === 1 ? "1 day" : `${number(count)} days`);

// The equal number of days before a period.
export const before = (count) =>
  count === 1 ? "the day before" : `the ${days(count)} before`;

const MONTHS = [
  ..."January February March April May June".split(" "),
  ..."July August September October November December".split(" "),
];
export const WEEKDAYS = [
  ..."Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(" "),
];

const parts = (text) => text.split("-").map(Number);

// 2026-11-18 as November 18, 2026.
export function dayInWords(text) {
  const [year, month, day] = parts(text);
  return `${MONTHS[month - 1]} ${day}, ${year}`;
}

// Like October 21 to November 17, 2026; a single day by itself.
export function span(first, last) {
  if (first === last) return dayInWords(last);
  const [year, month, day] = parts(first);
  if (year === parts(last)[0]) return `${MONTHS[month - 1]} ${day} to ${dayInWords(last)}`;
  return `${dayInWords(first)}, to ${dayInWords(last)}`;
}

export const hourInWords = (hour) => `${String(hour).padStart(2, "0")}:00`;

// A cell that a spreadsheet can't take for a formula; pipelines/cells.py has the rule.
const FORMULA =
  /^([\t\n\r\x00]|[\x00-\x20\u00a0\u3000\ufeff"']*[=+@\uff1d\uff0b\uff20\uff0d-])/;

export function csvCell(value) {
  let text = String(value);
  if (typeof value === "string" && FORMULA.test(text)) text = `'${text}`;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csv(header, rows) {
  return [header, ...rows].map((row) => row.map(csvCell).join(",") + "\r\n").join("");
}
