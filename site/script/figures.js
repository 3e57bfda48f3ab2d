// What each figure of a city shows: rows for its chart, and the table behind it.

import { NO_HOUR, sum, textOf, weekdayOf } from "./packed.js";
import { dayInWords, days, hourInWords, number, share, WEEKDAYS } from "./wording.js";

const DAY_MS = 86400000;
const NOT_STATED = "Not stated";
const MEAN_DAYS = 7;
// With more days, bars are narrower than a pixel, and slow to draw.
const MOST_BARS = 1100;

export const labelOf = (city, name, code) =>
  code ? city.labels[name][code - 1] : NOT_STATED;

function meanAt(counts, at) {
  if (at < MEAN_DAYS - 1) return null;
  return sum(counts, "incidents", counts.since + at - MEAN_DAYS + 1, counts.since + at) /
    MEAN_DAYS;
}

// One bar per day, or over many years one per week: the mean of its days.
function dailyBars(counts, ask, step) {
  const bars = [];
  for (let day = ask.chart; day <= ask.until; day += step) {
    const last = Math.min(day + step - 1, ask.until);
    const length = last - day + 1;
    const isIn = day >= ask.from && last <= ask.to;
    bars.push({
      start: (day - 0.5) * DAY_MS,
      end: (last + 0.5) * DAY_MS,
      when: `${step > 1 ? `${days(length)} from` : `${WEEKDAYS[weekdayOf(day)]},`} ${dayInWords(textOf(day))}`,
      incidents: sum(counts, "incidents", day, last) / length,
      period: isIn ? "in" : "out",
    });
  }
  return bars;
}

function daily(city, counts, ask) {
  const step = ask.until - ask.chart < MOST_BARS ? 1 : 7;
  const days = [];
  const table = [];
  for (let day = ask.chart; day <= ask.until; day++) {
    const at = day - counts.since;
    const text = textOf(day);
    const mean = meanAt(counts, at);
    const incidents = counts.incidents[at];
    const holiday = city.holidays[text] ?? "";
    days.push({
      day: day * DAY_MS, incidents, mean, holiday: step === 1 ? holiday : "",
    });
    if (day >= ask.from && day <= ask.to) {
      table.push([text, number(incidents), mean?.toFixed(1) ?? "–", holiday || "–"]);
    }
  }
  const bands = ask.until > ask.complete
    ? [{ from: (ask.complete + 0.5) * DAY_MS, to: (ask.until + 0.5) * DAY_MS }]
    : [];
  return {
    data: { bars: dailyBars(counts, ask, step), days, bands },
    header: ["Day", "Incidents", "7-day average", "Holiday"],
    rows: table,
  };
}

function hours(city, counts) {
  const perHour = Array.from({ length: NO_HOUR + 1 }, (_, hour) =>
    WEEKDAYS.reduce((all, _, day) => all + counts.hours[day * (NO_HOUR + 1) + hour], 0)
  );
  const table = perHour.map((value, hour) => ({
    hour: hourInWords(hour), incidents: value,
  }));
  const rows = table.slice(0, NO_HOUR).map((row) => [row.hour, number(row.incidents)]);
  rows.push([NOT_STATED, number(perHour[NO_HOUR])]);
  return {
    data: { table: table.slice(0, NO_HOUR) },
    header: ["Hour", "Incidents"],
    rows,
  };
}

// How often each weekday occurs: unless a period is in whole weeks this differs, and
// totals can't be compared.
function daysOf({ from, to }) {
  const days = new Array(WEEKDAYS.length).fill(0);
  for (let day = from; day <= to; day++) days[weekdayOf(day)]++;
  return days;
}

const meanOf = (incidents, days) => (days ? incidents / days : 0);

function weekdays(city, counts, ask) {
  const days = daysOf(ask);
  const table = WEEKDAYS.map((weekday, day) => {
    const start = day * (NO_HOUR + 1);
    const all = counts.hours.subarray(start, start + NO_HOUR + 1);
    const incidents = all.reduce((sum, value) => sum + value, 0);
    return { weekday, incidents, days: days[day], mean: meanOf(incidents, days[day]) };
  });
  return {
    data: { table },
    header: ["Weekday", "Incidents", "Days", "Incidents per day"],
    rows: table.map((row) => [
      row.weekday, number(row.incidents), number(row.days), row.mean.toFixed(1),
    ]),
  };
}

function heat(city, counts, ask) {
  const days = daysOf(ask);
  const table = [];
  const rows = WEEKDAYS.map((weekday, day) => {
    const cells = [weekday];
    for (let hour = 0; hour <= NO_HOUR; hour++) {
      const incidents = counts.hours[day * (NO_HOUR + 1) + hour];
      cells.push(number(incidents));
      const mean = meanOf(incidents, days[day]);
      if (hour < NO_HOUR) table.push({ weekday, hour, incidents, mean });
    }
    return cells;
  });
  const header = ["Weekday", ...Array.from({ length: NO_HOUR }, (_, hour) => `${hour}`)];
  return { data: { table }, header: [...header, NOT_STATED], rows };
}

const TOP = 25;

function ranked(city, counts, name) {
  return Array.from(counts[name], (incidents, code) => ({
    code, label: labelOf(city, name, code), incidents,
  })).filter((row) => row.incidents > 0).sort((a, b) => b.incidents - a.incidents);
}

function bars(name, title, titleOf = (city, label) => label) {
  return (city, counts) => {
    const found = ranked(city, counts, name).map((row) => ({
      ...row, label: titleOf(city, row.label),
    }));
    const total = found.reduce((all, row) => all + row.incidents, 0);
    const known = found.filter((row) => row.code);
    return {
      data: { table: known.slice(0, TOP) },
      header: [title, "Incidents", "Share"],
      rows: found.map((row) => [
        row.label, number(row.incidents), share(row.incidents, total),
      ]),
    };
  };
}

function map(city, counts) {
  const name = city.areas.dimension;
  const found = new Map(ranked(city, counts, name).map((row) => [row.label, row]));
  const table = city.areas.features.map((feature) => ({
    ...feature, incidents: found.get(feature.label)?.incidents ?? 0,
  }));
  return { data: { table } };
}

export const FIGURES = {
  daily,
  hours,
  weekdays,
  heat,
  map,
  districts: bars("district", "District", (city, label) => city.titles[label] ?? label),
  neighborhoods: bars("neighborhood", "Neighborhood"),
  resolutions: bars("resolution", "Resolution"),
};
