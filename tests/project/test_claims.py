"""Figures and sentences of the documents that can be reckoned anew."""

import re
from pathlib import Path

from tools.bars import BARS

ROOT = Path(__file__).parents[2]
COSTS = (ROOT / "docs" / "bigquery.md").read_text()
# Of a row of incidents: change log, fct_incidents, fct_incident_changes.
BESIDE = 52 + 353 + 140


def test_what_the_page_says_of_its_csv_is_what_is_in_it():
    """The header's counts, in the README and in the button's own words."""
    script = (ROOT / "site" / "script" / "page.js").read_text()
    header = re.search(r'"day", ("incidents".*?), \.\.\.FILTERS', script)
    counts = ", ".join(re.findall(r'"(\w+)"', header[1]))
    assert counts == "incidents, violent, property, arrests"
    readme = " ".join((ROOT / "README.md").read_text().split())
    assert f"can be downloaded by day as CSV: {counts}." in readme
    button = (ROOT / "site" / "templates" / "parts.html").read_text()
    assert (
        f'title="One row per day of the current selection: {counts}">Days as CSV'
        in button
    )


def whole(text: str) -> int:
    return int(text.replace(",", ""))


def test_the_storage_on_bigquery_is_the_sum_of_its_data_sets():
    cells = r"^\| ([A-Z]\w+(?: \w+)?|census) \| ([\d,]+) \| (\d+) \| ([\d,]+) MB \|$"
    rows = {
        name: (whole(count), int(raw), whole(size))
        for name, count, raw, size in re.findall(cells, COSTS, re.M)
    }
    assert set(rows) == {"San Francisco", "Chicago", "Memphis", "Cambridge", "census"}
    for name, (count, raw, size) in rows.items():
        beside = 52 if name == "census" else BESIDE
        assert round(count * (raw + beside) / 1e6) == size, name
    total = sum(count for count, _, _ in rows.values())
    cities = total - rows["census"][0]
    megabytes = sum(size for _, _, size in rows.values())
    assert f"| together | {total:,} | | {megabytes / 1000:.1f} GB |" in COSTS
    assert f"50 statements x 4 columns x {cities:,} rows x 12 bytes = 9.3 GB" in COSTS
    assert round(50 * 4 * cities * 12 / 1e9, 1) == 9.3
    assert rows["Chicago"][0] < 8_630_522 / 3


def test_a_month_on_bigquery_counts_the_reads_of_the_publication():
    (parts,) = re.findall(r"30 days x \(([\d. +]+)\) GB = 0\.53 TB", COSTS)
    assert parts.split(" + ") == ["1.6", "0.7", "2.2", "9.3", "4.0"]
    assert round(30 * sum(map(float, parts.split(" + "))) / 1000, 2) == 0.53


def test_the_table_of_costs_has_the_lines_and_bars_of_the_benchmark():
    page = (ROOT / "docs" / "operations.md").read_text()
    (table,) = re.findall(r"^\| 4,000,000 rows .*\n\|---.*\n((?:\|.*\n)+)", page, re.M)
    lines = [[c.strip() for c in line.split("|")[1:-1]] for line in table.splitlines()]
    assert [line[0] for line in lines] == list(BARS)
    for (name, _, seconds, _, memory, *_), bar in zip(
        lines, BARS.values(), strict=True
    ):
        times = bar.times_alone and f"{bar.times_alone} times"
        at = bar.at(4_000_000, alone=0, scale=1)
        assert seconds == (times or (f"{at:g}" if at else "")), name
        assert memory == (f"{bar.memory:,}" if bar.memory else ""), name


def test_the_bars_of_days_at_ten_million_rows_are_the_benchmarks():
    page = (ROOT / "docs" / "operations.md").read_text()
    for day in ("a quiet day", "a changed day"):
        (bar,) = re.findall(rf"^\| {day} \|(?: \S+ \|){{3}} (\d+) \|$", page, re.M)
        assert float(bar) == BARS[day].at(10_000_000, alone=0, scale=1)
