// The period that a page shows, and what it is compared with. For the first period,
// pipelines/site/period.py finds the same: tests/support/wording.json has examples.

import { dayOf, firstOf, textOf, yearOf } from "./packed.js";

const LENGTHS = { 28: 28, 90: 90, 365: 365 };
// Whole weeks, so that the same weekdays are compared.
const YEAR = 364;
const CONTEXT = 370;

// The period that a reader chose: `{from, to}` as day numbers.
export function chosenPeriod(city, choice) {
  const first = dayOf(city.first);
  const complete = Math.max(first, dayOf(city.complete));
  const newest = dayOf(city.newest);
  if (choice.period === "custom") {
    const within = (day) => Math.max(first, Math.min(newest, day));
    const from = choice.from ? within(dayOf(choice.from)) : first;
    const to = choice.to ? within(dayOf(choice.to)) : newest;
    return from <= to ? { from, to } : { from: to, to: from };
  }
  let from = first;
  if (choice.period in LENGTHS) from = complete - LENGTHS[choice.period] + 1;
  if (choice.period === "ytd") from = firstOf(yearOf(complete));
  return { from: Math.max(first, from), to: complete };
}

// The same date a year before; February 28 for the 29th.
function yearBefore(day) {
  const text = textOf(day);
  const year = Number(text.slice(0, 4)) - 1;
  const date = text.slice(5) === "02-29" ? "02-28" : text.slice(5);
  return dayOf(`${year}-${date}`);
}

// What the period is compared with; `covered` if the city's data goes back that far.
export function comparisons(city, { from, to }) {
  const first = dayOf(city.first);
  const isComplete = to <= dayOf(city.complete);
  const length = to - from + 1;
  const stretch = (start, end, isFair = true) => ({
    from: start,
    to: end,
    covered: isComplete && isFair && start >= first,
  });
  const newYear = firstOf(yearOf(to));
  const thisYear = { from: Math.max(first, newYear), to, year: yearOf(to) };
  const lastYear = stretch(
    firstOf(yearOf(to) - 1), yearBefore(to), newYear >= first
  );
  return {
    length,
    isComplete,
    before: stretch(from - length, from - 1),
    yearAgo: stretch(from - YEAR, to - YEAR, length <= YEAR),
    thisYear,
    lastYear,
  };
}

// All days that one count must cover.
export function reach(city, period, compared) {
  const { from, to } = period;
  const until = Math.min(dayOf(city.newest), to + city.provisional);
  const starts = [from, compared.before.from, compared.thisYear.from, to - CONTEXT];
  if (compared.yearAgo.covered) starts.push(compared.yearAgo.from);
  if (compared.lastYear.covered) starts.push(compared.lastYear.from);
  const since = Math.max(dayOf(city.first), Math.min(...starts));
  const chart = Math.max(dayOf(city.first), Math.min(from, to - CONTEXT + 6));
  return { since, until, chart };
}
