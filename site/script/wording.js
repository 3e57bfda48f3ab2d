// Numbers, days and changes in words, as pipelines/site/wording.py writes them:
// tests/support/wording.json has what both must write.

// The same as in pipelines/site/wording.py.
const SMALL = 20;
const MINUS = "\u2212";

const NO_DATA = "No data";
const FEW = "Too few";
const TOO_FEW = "Too few to compare";
export const PROVISIONAL = "Provisional days";

// Made once: a table of nine years took 50 ms longer with `toLocaleString`.
const NUMBERS = new Intl.NumberFormat("en-US");
export const number = (value) => NUMBERS.format(value);

// In per cent; a dash if `whole` is 0, words if it is small.
export function share(part, whole) {
  if (!whole) return "–";
  return whole < SMALL ? FEW : `${((100 * part) / whole).toFixed(1)}\u00a0%`;
}

// Change in per cent, or why there is none: a small base moves by chance alone.
export function change(now, base, isCovered) {
  if (!isCovered) return NO_DATA;
  if (base < SMALL) return TOO_FEW;
  const pct = (100 * (now - base)) / base;
  const text = Math.abs(pct).toFixed(1);
  if (text === "0.0") return "0.0\u00a0%";
  return `${pct < 0 ? MINUS : "+"}${text}\u00a0%`;
}

// The share with an arrest, of incidents for which that is known.
export const arrestShare = (arrests, known) => (known ? share(arrests, known) : NO_DATA);

// The arrest share of an earlier period, to compare with.
export function earlierArrestShare(arrests, known, isCovered) {
  const text = isCovered ? arrestShare(arrests, known) : NO_DATA;
  return text === FEW ? TOO_FEW : text;
}

// The earlier number, shown after a change.
export const base = (count, isCovered) => (isCovered ? `(${number(count)})` : "");

// What a number is compared with, shown after the change.
export function against(change, than) {
  return `${{ [NO_DATA]: "for", [TOO_FEW]: "with" }[change] ?? "against"} ${than}`;
}

// How many days.
export const days = (count) => (count === 1 ? "1 day" : `${number(count)} days`);

const MONTHS = [
  ..."January February March April May June".split(" "),
  ..."July August September October November December".split(" "),
];
export const WEEKDAYS = [
  ..."Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(" "),
];

// 2026-11-18 as 18 November 2026.
export function dayInWords(text) {
  const [year, month, day] = text.split("-").map(Number);
  return `${day} ${MONTHS[month - 1]} ${year}`;
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
