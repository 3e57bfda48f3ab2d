"""The published site in a real browser, against SQL on the marts that it is made of."""

import csv
import json
import re
import time
from datetime import date
from pathlib import Path

import duckdb
import pytest

from demo import __main__ as demo
from pipelines.site import summaries
from pipelines.site.files import into
from pipelines.site.pages import Shown, Site
from tests.support import live_portal as live
from tests.support import needs
from tests.support.servers import browser as chromium

CHARTS = Path(__file__).parents[2] / "site" / "charts"

pytestmark = [
    pytest.mark.skipif(chromium.CHROMIUM is None, reason=str(needs.CHROMIUM)),
    # What all of it looks at is loaded, built and published first.
    pytest.mark.timeout(600),
]

ROWS = 20_000
FIRST, TODAY = date(2024, 1, 1), date(2026, 3, 10)
READY_SECONDS = 5
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
CONTRAST = "color-contrast"
# Colors, which take axe most of its time, are the same for every city.
WITHOUT_COLORS = {**WCAG, "rules": {CONTRAST: {"enabled": False}}}
COLORS_ALONE = {"runOnly": {"type": "rule", "values": [CONTRAST]}}
PHONE = {"width": 390, "height": 800}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home of the demo's, with both of its days and what the second published."""
    home = tmp_path_factory.mktemp("site") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOTTER_SITE", "on")
        patch.setenv(*live.NO_DATA_TESTS)
        patch.setattr(demo, "COMMAND", live.COMMAND)
        assert demo.show(ROWS, FIRST, TODAY, home)
    return home


@pytest.fixture(scope="module")
def folder(home):
    return home / "published"


@pytest.fixture(scope="module")
def address(folder):
    with chromium.served(folder) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with chromium.browser() as browser:
        yield browser


@pytest.fixture
def context(browser):
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context, address):
    """San Francisco's first page, ready."""
    return chromium.opened(context, f"{address}san_francisco/index.html")[0]


def sql(home, query, *values):
    """The first row of a query on the warehouse."""
    with duckdb.connect(home / "blotter.duckdb", read_only=True) as db:
        return db.execute(query, values).fetchone()


def pages(folder: Path) -> list[str]:
    """Every page, but of the districts' one a city."""
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html"))
    districts = [page for page in found if "/districts/" in page]
    firsts = {page.split("/")[0]: page for page in reversed(districts)}
    return [page for page in found if page not in districts] + sorted(firsts.values())


# ----------------------------------------------------------------------- every page


def test_there_is_every_page(folder):
    here = {page.split("/")[0] for page in pages(folder) if "/" in page}
    assert here == {"cambridge", "chicago", "memphis", "san_francisco"}
    for city in here:
        for name in ("index", "when", "where"):
            assert (folder / city / f"{name}.html").exists()
    names = {page.removesuffix(".html") for page in pages(folder) if "/" not in page}
    assert names == {
        *("index", "compare", "changes", "shootings", "method", "status"),
        "dictionary",
    }
    assert len(list((folder / "chicago" / "districts").iterdir())) == 22


def test_the_page_of_shootings_says_that_nobody_counts_later_ones(folder):
    text = (folder / "shootings.html").read_text()
    assert "covers killings through December 31, 2024" in text
    assert "does not mean that nobody was shot" in text
    assert "Complete years 2015 to 2024." in text
    assert {*re.findall(r'"year": (\d+)', text)} == {*map(str, range(2015, 2025))}


def test_every_page_is_ready_soon_silent_narrow_and_asks_no_other_host(
    browser, address, folder
):
    """On a phone nothing but a table's own box scrolls sideways."""
    faults = []
    for name in pages(folder):
        context = browser.new_context(viewport={"width": 1200, "height": 900})
        begin = time.monotonic()
        page, met = chromium.opened(context, address + name)
        seconds = time.monotonic() - begin
        elsewhere = [url for url in met.asked if not url.startswith(address)]
        boxes = page.evaluate(
            """[...document.querySelectorAll(".chart")].map((box) => [
                box.dataset.chart,
                box.getBoundingClientRect().width,
                box.querySelectorAll("svg .mark-group path, svg .role-mark path, " +
                    "svg .role-mark text").length,
            ])"""
        )
        if seconds > READY_SECONDS or met.said or elsewhere:
            faults.append((name, seconds, met.said, elsewhere))
        faults += [(name, box) for box in boxes if box[1] <= 300 or box[2] <= 3]
        page.set_viewport_size(PHONE)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            faults.append((name, f"{width} pixels wide"))
        context.close()
    assert faults == []


def test_no_page_breaks_a_rule_of_accessibility(browser, address, folder):
    """Only colors differ between light and dark."""
    every = pages(folder)
    others = [
        page for page in every if page.startswith(("cambridge", "chicago", "memphis"))
    ]
    first = [page for page in every if page not in others]
    faults = [
        *violations(browser, address, first, "light", WCAG),
        *violations(browser, address, others, "light", WITHOUT_COLORS),
        *violations(browser, address, first, "dark", COLORS_ALONE),
    ]
    assert faults == []


def violations(browser, address, names, scheme, options):
    """Rules that pages break, with some of what breaks them."""
    from axe_playwright_python.sync_playwright import Axe

    for name in names:
        context = browser.new_context(color_scheme=scheme)
        page, _ = chromium.opened(context, address + name)
        for each in page.query_selector_all("details"):
            each.evaluate("(details) => (details.open = true)")
        for rule in Axe().run(page, options=options).response["violations"]:
            yield name, rule["id"], [each["html"][:160] for each in rule["nodes"][:3]]
        context.close()


def test_every_link_leads_somewhere(folder):
    broken = []
    for name in pages(folder):
        text = (folder / name).read_text()
        for link in re.findall(r'(?:href|src)="([^"#]*)', text):
            if not link or link.startswith(("https:", "data:")):
                continue
            if not ((folder / name).parent / link).exists():
                broken.append((name, link))
    assert broken == []


# ------------------------------------------------------------ numbers against SQL


def tile(page, measure="incidents") -> str:
    return page.inner_text(f'[data-tile="{measure}"] .value')


def number(text: str) -> int:
    return int(text.replace(",", ""))


def table(page, selector: str) -> list[list[str]]:
    """The cells of a table's body; one behind a chart is filled when it is opened."""
    return page.evaluate(
        """async (selector) => {
            const table = document.querySelector(selector);
            const details = table.closest("details");
            if (details && !details.open) {
                details.open = true;
                await new Promise((go) => {
                    details.addEventListener("toggle", go, { once: true });
                });
            }
            return [...table.tBodies[0].rows].map(
                (row) => [...row.cells].map((cell) => cell.textContent)
            );
        }""",
        selector,
    )


def total(rows: list[list[str]], column: int) -> int:
    return sum(number(row[column]) for row in rows)


def choose(page, **values: str) -> None:
    """Set filters as a reader does."""
    for name, value in values.items():
        field = page.locator(f"#filters [name={name}]")
        if name in ("from", "to"):
            field.fill(value)
        else:
            field.select_option(value)
    page.wait_for_function("document.documentElement.dataset.busy !== 'yes'")


def period(page) -> tuple[str, str]:
    return tuple(page.input_value(f"#filters [name={name}]") for name in ("from", "to"))


WHERE = (
    "city = ? and is_counted and occurred_date between ? and ? "
    "and (? = '' or incident_category = ?) and (? = '' or police_district = ?) "
    "and (? = '' or neighborhood = ? and not coalesce(offense_group in (select "
    "offense_group from marts.dim_offense_categories where is_sensitive), false)) "
    "and (? = '' or ? = 'violent' and is_violent or ? = 'property' and is_property)"
)
CHOICES = {
    "nothing": {},
    "a category": {"category": "Larceny Theft"},
    "a district": {"district": "Mission", "period": "365"},
    "a neighborhood of a sensitive kind too": {
        "neighborhood": "Tenderloin",
        "period": "all",
    },
    "a kind, over the years": {"kind": "violent", "period": "all"},
    "all of it": {
        "category": "Larceny Theft",
        "district": "Central",
        "kind": "property",
        "period": "365",
    },
    "days of the first year": {"from": "2024-02-28", "to": "2024-03-01"},
    "a provisional day": {"from": "2026-03-08", "to": "2026-03-08"},
}


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_filters_keep_every_sum_and_agree_with_sql(home, page, choice):
    choose(page, **choice)
    start, end = period(page)
    chosen = [choice.get(name, "") for name in ("category", "district", "neighborhood")]
    kind = choice.get("kind", "")
    values = ("san_francisco", start, end, *(v for v in chosen for _ in range(2)))
    values += (kind, kind, kind)
    expected = sql(
        home,
        "select count(*), count(*) filter (is_violent), count(*) filter (is_property), "
        f"count(*) filter (is_arrest) from marts.fct_incidents where {WHERE}",
        *values,
    )
    shown = [number(tile(page, name)) for name in ("incidents", "violent", "property")]
    assert shown == list(expected[:3])
    if expected[0]:
        share = f"{100 * expected[3] / expected[0]:.1f}%"
        assert tile(page, "arrests") == share
    for selector, column in {
        "#categories": 1,
        "#daily table": 1,
        "#hours table": 1,
        "#weekdays table": 1,
        "#districts table": 1,
        "#resolutions table": 1,
    }.items():
        assert total(table(page, selector), column) == expected[0], selector
    categories = {row[0] for row in table(page, "#categories")} - {"Not stated"}
    words = page.inner_text("#categories-total")
    assert f" incidents in {len(categories)} of " in words
    days = table(page, "#daily table")
    assert len(days) == (date.fromisoformat(end) - date.fromisoformat(start)).days + 1


@pytest.mark.parametrize("city", ["cambridge", "chicago", "memphis", "san_francisco"])
def test_the_tiles_are_those_of_the_marts_with_and_without_the_script(
    home, context, address, folder, city
):
    """28 days up to the last complete one; before, a year ago, this year and last."""
    (complete,) = sql(
        home,
        "select complete_through from marts.rpt_freshness_by_city where city = ?",
        city,
    )
    expected = expected_tiles(home, city, complete)
    address = f"{address}{city}/index.html"
    page, _ = chromium.opened(context, address)
    assert tiles_shown(page) == expected
    page.goto("about:blank")
    plain = context.browser.new_context(java_script_enabled=False).new_page()
    plain.goto(address)
    assert tiles_shown(plain) == expected


def tiles_shown(page) -> dict[str, list[str]]:
    parts = ("value", "before", "year-ago", "so-far", "last-year")
    return {
        measure: [
            " ".join(page.inner_text(f'[data-tile="{measure}"] .{part}').split())
            for part in parts
        ]
        for measure in ("incidents", "violent", "property", "arrests")
    }


def expected_tiles(home, city, complete):
    """The tiles by SQL, and the rules of the changes written a second time."""

    def counts(first, last):
        return sql(
            home,
            "select count(*), count(*) filter (is_violent), "
            "count(*) filter (is_property), count(*) filter (is_arrest), "
            "count(is_arrest) from marts.fct_incidents where city = ? and is_counted "
            "and occurred_date between cast(? as date) and cast(? as date)",
            city,
            first,
            last,
        )

    day = complete.isoformat()
    now, before, ago, so_far, last = (
        counts(*sql(home, f"select {first}, {end}"))
        for first, end in (
            (f"date '{day}' - 27", f"date '{day}'"),
            (f"date '{day}' - 55", f"date '{day}' - 28"),
            (f"date '{day}' - 391", f"date '{day}' - 364"),
            ("date '2026-01-01'", f"date '{day}'"),
            ("date '2025-01-01'", f"date '{day}' - interval 1 year"),
        )
    )
    shown = {}
    for place, measure in enumerate(("incidents", "violent", "property")):
        shown[measure] = [
            f"{now[place]:,}",
            changed(now[place], before[place], "the 28 days before"),
            changed(now[place], ago[place], "a year ago"),
            f"2026 so far: {so_far[place]:,}",
            changed(so_far[place], last[place], "2025 to the same date"),
        ]
    shown["arrests"] = [
        arrested(now),
        arrested(before, "the 28 days before"),
        arrested(ago, "a year ago"),
        f"2026 so far: {arrested(so_far)}",
        arrested(last, "2025 to the same date"),
    ]
    return shown


def arrested(counts, than: str = "") -> str:
    if not counts[4]:
        return f"No data for {than}" if than else "No data"
    if counts[4] < 20:
        return f"Too few to compare with {than}" if than else "Too few"
    share = f"{100 * counts[3] / counts[4]:.1f}%"
    if not than:
        return share
    return f"{share} {than}" if than == "a year ago" else f"{share} in {than}"


def changed(now: int, base: int, than: str) -> str:
    if base < 20:
        return f"Too few to compare with {than} ({base:,})"
    pct = round(abs(100 * (now - base) / base), 1)
    sign = "" if pct == 0 else "−" if now < base else "+"
    return f"{sign}{pct:.1f}% vs. {than} ({base:,})"


def test_a_provisional_day_is_not_compared(context, address):
    day = "#period=custom&from=2026-03-08&to=2026-03-08"
    page, _ = chromium.opened(context, f"{address}san_francisco/index.html{day}")
    shown = tiles_shown(page)
    for measure in ("incidents", "arrests"):
        _, before, year_ago, _, last_year = shown[measure]
        assert before == "Provisional, so not compared with the day before"
        assert year_ago == "Provisional, so not compared with a year ago"
        assert last_year == "Provisional, so not compared with 2025 to the same date"


def test_the_csv_of_what_is_shown_equals_sql(home, page, tmp_path):
    choose(page, period="90", category="Assault", kind="violent")
    with page.expect_download() as download:
        page.click("#csv")
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    start, end = period(page)
    assert path.name == f"san_francisco_{start}_{end}.csv"
    rows = list(csv.DictReader(path.read_text().splitlines()))
    with duckdb.connect(home / "blotter.duckdb", read_only=True) as db:
        expected = db.execute(
            "select days.date_day::text, count(incidents.incident_id)::text, "
            "count(*) filter (is_violent)::text, count(*) filter (is_property)::text, "
            "count(*) filter (is_arrest)::text from marts.dim_dates as days "
            "left join marts.fct_incidents as incidents on incidents.city = days.city "
            "and occurred_date = date_day and is_counted and is_violent "
            "and incident_category = 'Assault' where days.city = 'san_francisco' "
            "and date_day between ? and ? group by 1 order by 1",
            (start, end),
        ).fetchall()
    names = ("day", "incidents", "violent", "property", "arrests")
    assert [tuple(row[name] for name in names) for row in rows] == expected
    assert len(rows) == 90
    assert {row["category"] for row in rows} == {"Assault"}
    assert {row["kind"] for row in rows} == {"violent"}
    assert {row["district"] for row in rows} == {"all"}


def test_what_is_chosen_is_kept_in_the_address(context, page, address):
    choose(page, period="90", district="Mission")
    there = page.url
    assert there == f"{address}san_francisco/index.html#period=90&district=Mission"
    again, _ = chromium.opened(context, there)
    assert tile(again) == tile(page)
    assert again.input_value("#filters [name=district]") == "Mission"
    page.click("nav[aria-label='San Francisco'] >> text=When")
    chromium.wait(page)
    assert page.input_value("#filters [name=period]") == "90"
    assert total(table(page, "#heat table"), 1) <= number(tile(again))


def test_an_address_with_nonsense_in_it_shows_the_page_as_it_is(context, address):
    page, met = chromium.opened(
        context,
        f"{address}san_francisco/index.html#district=<img src=x>&from=yes&period=9",
    )
    assert met.said == []
    assert page.input_value("#filters [name=period]") == "28"
    assert page.query_selector("img") is None


def test_the_heat_map_counts_each_hour_of_each_weekday(home, context, address):
    page, _ = chromium.opened(context, f"{address}chicago/when.html#period=all")
    shown = table(page, "#heat table")
    with duckdb.connect(home / "blotter.duckdb", read_only=True) as db:
        expected = db.execute(
            "select day_of_week_name, hour_of_day, count(*) "
            "from marts.fct_incidents where city = 'chicago' and is_counted "
            "and occurred_date <= (select complete_through from "
            "marts.rpt_freshness_by_city where city = 'chicago') group by 1, 2"
        ).fetchall()
    found = {
        (row[0], hour): number(cell)
        for row in shown
        for hour, cell in enumerate(row[1:25])
        if cell != "0"
    }
    assert found == {(day, hour): n for day, hour, n in expected if hour is not None}


def test_a_city_that_tells_of_no_arrest_has_none_in_the_csv(context, address, tmp_path):
    page, _ = chromium.opened(context, f"{address}memphis/index.html")
    assert tile(page, "arrests") == "No data"
    with page.expect_download() as download:
        page.click("#csv")
    download.value.save_as(tmp_path / "shown.csv")
    rows = list(csv.DictReader((tmp_path / "shown.csv").read_text().splitlines()))
    assert {row["arrests"] for row in rows} == {""}


def test_a_district_page_counts_its_district_alone(home, context, address):
    plain = context.browser.new_context(java_script_enabled=False).new_page()
    plain.goto(f"{address}chicago/districts/008.html")
    page, _ = chromium.opened(context, f"{address}chicago/districts/008.html")
    assert tiles_shown(plain) == tiles_shown(page)
    choose(page, period="all")
    (expected,) = sql(
        home,
        "select count(*) from marts.fct_incidents where city = 'chicago' "
        "and is_counted and police_district = '008' "
        "and occurred_date <= (select complete_through "
        "from marts.rpt_freshness_by_city where city = 'chicago')",
    )
    assert number(tile(page)) == expected
    assert "008 Chicago Lawn" in page.inner_text("h1")


def test_the_site_is_used_by_keyboard_alone(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the numbers"
    page.focus("#filters [name=period]")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("location.hash === '#period=90'")
    page.focus("#daily summary")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('#daily details').open")


@pytest.mark.parametrize(
    ("days", "bars", "first", "last"),
    [
        (
            1200,
            172,
            ["7 days from October 4, 2024", 3],
            ["3 days from January 14, 2028", 1],
        ),
        (1099, 1099, ["Friday, October 4, 2024", 0], ["Thursday, October 7, 2027", 6]),
    ],
)
def test_of_many_years_a_bar_is_the_mean_day_of_a_week(page, days, bars, first, last):
    """Of counts 0, 1 to 6 over and over, from day 20,000 since 1970 on."""
    shown = page.evaluate(
        """async (length) => {
            const script = new URL("../script/figures.js", location.href);
            const { FIGURES } = await import(script);
            const incidents = Int32Array.from({ length }, (_, at) => at % 7);
            const since = 20000, until = since + length - 1;
            const ask = { chart: since, from: since, to: until };
            Object.assign(ask, { until, complete: until });
            return FIGURES.daily({ holidays: {} }, { since, incidents }, ask);
        }""",
        days,
    )
    drawn = [[bar["when"], bar["incidents"]] for bar in shown["data"]["bars"]]
    assert (len(drawn), drawn[0], drawn[-1]) == (bars, first, last)
    ends = [bar["end"] for bar in shown["data"]["bars"]]
    starts = [bar["start"] for bar in shown["data"]["bars"]]
    assert starts[1:] == ends[:-1]
    assert len(shown["rows"]) == days


def test_weekdays_are_compared_by_their_means_where_some_come_more_often(home, page):
    """From a Monday to the Tuesday of the week after."""
    choose(page, **{"from": "2026-02-23", "to": "2026-03-03"})
    shown = table(page, "#weekdays table")
    assert [row[2] for row in shown] == ["2", "2", "1", "1", "1", "1", "1"]
    for isodow, (_, incidents, days, mean) in enumerate(shown, 1):
        (expected,) = sql(
            home,
            "select count(*) from marts.fct_incidents where city = 'san_francisco' "
            "and is_counted and isodow(occurred_date) = ? "
            "and occurred_date between date '2026-02-23' and date '2026-03-03'",
            isodow,
        )
        assert number(incidents) == expected
        assert mean == f"{expected / int(days):.1f}"


def test_the_charts_of_weekdays_and_hours_draw_means(page):
    """12 incidents at three on Mondays, from one Monday to the next."""
    shown = page.evaluate(
        """async () => {
            const script = new URL("../script/figures.js", location.href);
            const { FIGURES } = await import(script);
            const hours = new Int32Array(7 * 25);
            hours[3] = 12;
            const ask = { from: 20003, to: 20010 };
            return ["weekdays", "heat"].map(
                (name) => FIGURES[name]({}, { hours }, ask).data.table
            );
        }""",
    )
    weekdays, hours = shown
    assert [row["mean"] for row in weekdays] == [6, 0, 0, 0, 0, 0, 0]
    found = [row for row in hours if row["mean"]]
    assert [(row["weekday"], row["hour"], row["mean"]) for row in found] == [
        ("Monday", 3, 6)
    ]
    for name, channel in {"weekdays": "y", "heat": "color"}.items():
        chart = json.loads((CHARTS / f"{name}.json").read_text())
        assert chart["encoding"][channel]["field"] == "mean"


def test_a_table_behind_a_chart_follows_the_filters_open_or_closed(page):
    assert total(table(page, "#hours table"), 1) == number(tile(page))
    choose(page, kind="violent")
    assert total(table(page, "#hours table"), 1) == number(tile(page))
    page.click("#hours summary")
    choose(page, kind="property")
    assert not page.evaluate("document.querySelector('#hours details').open")
    assert total(table(page, "#hours table"), 1) == number(tile(page))


def test_what_the_last_run_changed_is_what_the_demo_did(page):
    words = " ".join(page.inner_text("main").split())
    assert "found 52 rows added, 31 corrected and 4 removed by the city" in words


def test_sensitive_incidents_have_no_neighborhood_in_the_packed_files(home, folder):
    text = (folder / "san_francisco" / "index.html").read_text()
    city = json.loads(re.search(r'id="city">(.*?)</script>', text, re.DOTALL)[1])
    assert "Withheld for privacy" in city["labels"]["neighborhood"]


def test_the_dictionary_has_every_column_of_every_mart(home, folder):
    text = (folder / "dictionary.html").read_text()
    with duckdb.connect(home / "blotter.duckdb", read_only=True) as db:
        columns = db.execute(
            "select table_name, column_name from information_schema.columns "
            "where table_schema = 'marts' and column_name <> 'built_at'"
        ).fetchall()
    assert len(columns) > 300
    for name, column in columns:
        section = text[text.index(f'id="{name}"') :].split("</section>")[0]
        assert f'<th scope="row"><code>{column}</code></th>' in section, (name, column)
    assert "`" not in text


def test_the_first_page_is_shown_in_the_readme():
    """As the tests see it; `make screenshot` takes it anew."""
    root = Path(__file__).parents[2]
    assert "docs/site.png" in (root / "README.md").read_text()
    assert (root / "docs" / "site.png").stat().st_size < 500_000


# --------------------------------------------------------------------- odd cities

ODD = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "\"double\" & 'single'",
    "سرقة",
    "\u202eright to left",
    "=SUM(A1:A9)",
    "a\nb",
    "a\rb",
    "a\x00b",
    "＝1+1",
    "~none",
]
DISTRICTS = [
    *("Central", "CENTRAL", "central", "A B", "a b", "A/B", "A-B", "x" * 140),
    *("../../index", "中央", '"\r\x00"'),
]
NAMES = ODD + [f"Category {number}" for number in range(300 - len(ODD))]


@pytest.fixture(scope="module")
def odd_folder(folder, tmp_path_factory):
    """A site of an empty city, one of one row, and one of odd names and no places."""
    out = tmp_path_factory.mktemp("odd")
    with duckdb.connect() as db:
        for path in (folder / "data").glob("*.parquet"):
            db.execute(f"create table {path.stem} as from read_parquet('{path}')")
        of_cities = [
            name
            for (name,) in db.execute(
                "select table_name from duckdb_columns() where column_name = 'city' "
                "and table_name not in ('dim_cities', 'dim_counties', 'fct_shootings')"
            ).fetchall()
        ]
        for name in of_cities:
            db.execute(f"delete from {name} where city = 'cambridge'")
            if name not in ("fct_incidents", "rpt_freshness_by_city"):
                db.execute(f"delete from {name} where city = 'memphis'")
        db.execute(
            "delete from fct_incidents where city = 'memphis' and incident_id <> ("
            "select max(incident_id) from fct_incidents where city = 'memphis' "
            "and is_counted and occurred_date is not null)"
        )
        db.execute(
            "update rpt_freshness_by_city set first_day = (select occurred_date from "
            "fct_incidents where city = 'memphis'), newest_day = (select occurred_date "
            "from fct_incidents where city = 'memphis'), complete_through = (select "
            "occurred_date - 7 from fct_incidents where city = 'memphis') "
            "where city = 'memphis'"
        )
        db.execute(
            "update fct_incidents set incident_category = "
            "list_extract($names, 1 + (rowid % 300)), neighborhood = null, "
            "police_district = case when rowid % 2 = 0 then list_extract($districts, "
            "1 + (rowid // 2 % length($districts))) end where city = 'chicago'",
            {"names": NAMES, "districts": DISTRICTS},
        )
        report = "rpt_arrests_by_police_district"
        db.execute(f"delete from {report} where city = 'chicago'")
        db.execute(
            f"insert into {report} by name select city, police_district, "
            "count(*) filter (is_counted) as incident_count "
            "from fct_incidents where city = 'chicago' and police_district is not null "
            "group by all"
        )
        # A small country: of one group and of one state twenty and more were shot.
        race, state = (
            "rpt_shootings_by_race_and_year",
            "rpt_shootings_by_state_and_year",
        )
        db.execute(
            f"update {race} set shooting_count = "
            "case race_group when 'all' then 60 when 'white' then 41 else 19 end"
        )
        db.execute(
            f"update {state} set shooting_count = (state_name = 'California')::int * 20"
        )
        summaries.count(db)
        site = Site(db, into(out), Shown(read=[]))
        site.build()
        site.write_status({"datasets": []}, {})
    return out


@pytest.fixture(scope="module")
def odd_address(odd_folder):
    with chromium.served(odd_folder) as address:
        yield address


def test_an_empty_city_is_named_and_has_no_pages(odd_folder):
    home = (odd_folder / "index.html").read_text()
    section = home[home.index("Cambridge, MA") :].split("</section>")[0]
    assert "No incidents are loaded yet." in section
    assert not (odd_folder / "cambridge").exists()


@pytest.mark.parametrize("name", ["index", "when", "where"])
@pytest.mark.parametrize("city", ["memphis", "chicago"])
def test_odd_cities_break_no_page_and_inject_nothing(context, odd_address, city, name):
    page, met = chromium.opened(context, f"{odd_address}{city}/{name}.html")
    assert met.said == []
    assert page.query_selector("main img") is None
    assert len(page.query_selector_all("script:not([src]):not([type])")) == 0


def test_each_district_has_a_page_of_its_own_whatever_it_is_called(
    context, odd_folder, odd_address
):
    found = list((odd_folder / "chicago" / "districts").iterdir())
    assert len(found) == len(DISTRICTS)
    told = [
        json.loads(path.read_text().split('id="city">')[1].split("</script>")[0])
        for path in found
    ]
    assert {one["fixed"]["district"] for one in told} == set(DISTRICTS)
    everywhere, _ = chromium.opened(
        context, f"{odd_address}chicago/where.html#period=all"
    )
    counts = {row[0]: number(row[1]) for row in table(everywhere, "#districts table")}
    pages = {
        one["fixed"]["district"]: path.name
        for path, one in zip(found, told, strict=True)
    }
    for name in ("central", "x" * 140, '"\r\x00"'):
        address = f"{odd_address}chicago/districts/{pages[name]}#period=all"
        page, met = chromium.opened(context, address)
        assert met.said == []
        assert number(tile(page)) == counts[name] > 0


def test_a_city_of_one_incident_counts_one(context, odd_address):
    page, _ = chromium.opened(context, f"{odd_address}memphis/index.html")
    assert tile(page) == "1"
    line = page.inner_text('[data-tile="incidents"] .before').strip()
    assert line == "No data for the day before"
    assert total(table(page, "#categories"), 1) == 1


def test_no_page_gives_a_percentage_or_rate_of_a_few(context, odd_address):
    """Of one incident; of nineteen shootings a group, and none or sixty a state."""
    for name in ("index", "when", "where"):
        page, _ = chromium.opened(context, f"{odd_address}memphis/{name}.html")
        text = page.inner_text("main")
        page.evaluate(
            "document.querySelectorAll('details').forEach(d => d.open = true)"
        )
        assert "%" not in text + page.inner_text("main"), name
    page, _ = chromium.opened(context, f"{odd_address}shootings.html")
    drawn = json.loads(page.text_content("#race script"))["table"]
    assert [row["shootings"] for row in drawn] == [41]
    rows = table(page, "#race table")
    assert [row[2] for row in rows if row[1] != "–"] == ["41"]
    states = table(page, 'section [aria-label="Table: Shootings by state"] table')
    rated = [row[0] for row in states if row[2] != "–"]
    assert rated == ["California"]


def test_three_hundred_categories_are_all_counted(context, odd_address):
    address = f"{odd_address}chicago/index.html#period=all"
    page, _ = chromium.opened(context, address)
    rows = table(page, "#categories")
    assert {row[0] for row in rows} == set(NAMES)
    assert total(rows, 1) == number(tile(page))
    districts = {row[0]: number(row[1]) for row in table(page, "#districts table")}
    assert sum(districts.values()) == number(tile(page))
    assert districts["Not stated"] > 0
    counts = {row[0]: row[1] for row in rows}
    for name in ODD[:-1]:
        choose(page, category=name)
        assert tile(page) == counts[name], name
        again, _ = chromium.opened(context, page.url)
        assert tile(again) == counts[name], name


def test_a_csv_cell_is_no_formula(context, odd_address, tmp_path):
    page, _ = chromium.opened(context, f"{odd_address}chicago/index.html#period=365")
    choose(page, category="=SUM(A1:A9)")
    with page.expect_download() as download:
        page.click("#csv")
    download.value.save_as(tmp_path / "shown.csv")
    rows = list(csv.DictReader((tmp_path / "shown.csv").read_text().splitlines()))
    assert {row["category"] for row in rows} == {"'=SUM(A1:A9)"}
