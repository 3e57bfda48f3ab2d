// Numbers, days and changes in words: as pipelines/site/wording.py writes them.

export const SMALL = 20;
const MINUS = "\u2212";

export const NO_DATA = "No data";
export const FEW = "Too few";
export const TOO_FEW = "Too few to compare";
export const PROVISIONAL = "Provisional days";

// Made once: a table of nine years took 50 ms longer with `toLocaleString`.
const NUMBERS = new Intl.NumberFormat("en-US");
export const number = (value) => NUMBERS.format(value);

// In per cent; a dash without a whole, words of a small one.
export function share(part, whole) {
  if (!whole) return "–";
  return whole < SMALL ? FEW : `${((100 * part) / whole).toFixed(1)}\u00a0%`;
}

// Change in per cent, or why there is none: a base under 20 moves by chance alone.
export function change(now, base, isCovered) {
  if (!isCovered) return NO_DATA;
  if (base < SMALL) return TOO_FEW;
  const pct = (100 * (now - base)) / base;
  const text = Math.abs(pct).toFixed(1);
  if (text === "0.0") return "0.0\u00a0%";
  return `${pct < 0 ? MINUS : "+"}${text}\u00a0%`;
}

// What a change is one from, after the change.
export function against(change, than) {
  return `${{ [NO_DATA]: "for", [TOO_FEW]: "with" }[change] ?? "against"} ${than}`;
}

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

// A cell that a spreadsheet can't take for a formula; pipelines/cells.py tells the rule.
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
