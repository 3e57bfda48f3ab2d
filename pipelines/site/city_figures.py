"""The numbers of a city's pages, asked of the marts; see `figures`."""

from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.site import wording
from pipelines.site.figures import Db, Row, ask

# The period of a city's first page, in days, and a year in whole weeks.
PERIOD = 28

YEAR = 364


@dataclass(frozen=True)
class Days:
    """What happened on each day of a city, from its first to its last."""

    first: date
    complete: date
    counts: dict[date, Row]

    def total(self, measure: str, start: date, end: date) -> int:
        """The sum of a measure over some days."""
        days = (start + timedelta(n) for n in range((end - start).days + 1))
        return sum(self.counts[day][measure] for day in days if day in self.counts)


def days(db: Db, city: Row, police_district: str | None = None) -> Days:
    """Incidents of each day, violent ones, and what is known of arrests.

    Of one police district alone, if one is given.
    """
    rows = ask(
        db,
        """
        select
            occurred_date as day,
            count(*) as incidents,
            count(*) filter (is_violent) as violent,
            count(*) filter (is_property) as property,
            count(*) filter (is_arrest) as arrests,
            count(is_arrest) as known
        from fct_incidents
        where city = $city and is_counted and occurred_date >= $first
            and ($district is null or police_district = $district)
        group by 1
        """,
        city=city["city"],
        first=city["first_day"],
        district=police_district,
    )
    complete = max(city["complete_through"], city["first_day"])
    return Days(city["first_day"], complete, {row["day"]: row for row in rows})


def tiles(counted: Days) -> list[Row]:
    """The tiles of a city's first page: the last complete days, and beside them what
    they are compared with."""
    end = counted.complete
    start = max(counted.first, end - timedelta(PERIOD - 1))
    length = (end - start).days + 1
    new_year = date(end.year, 1, 1)
    stretches = {
        "before": (start - timedelta(length), start - timedelta(1)),
        "year_ago": (start - timedelta(YEAR), end - timedelta(YEAR)),
        "last_year": (date(end.year - 1, 1, 1), year_before(end)),
    }
    so_far = (max(counted.first, new_year), end)

    def covered(name: str) -> bool:
        is_fair = name != "last_year" or new_year >= counted.first
        return is_fair and stretches[name][0] >= counted.first

    def compared(measure: str) -> Row:
        now, this_year = (
            counted.total(measure, start, end),
            counted.total(measure, *so_far),
        )
        tile: Row = {
            "measure": measure,
            "value": wording.number(now),
            "so_far": wording.number(this_year),
        }
        for name, stretch in stretches.items():
            base = counted.total(measure, *stretch)
            is_covered = covered(name)
            compared_with = this_year if name == "last_year" else now
            tile[name] = wording.change(compared_with, base, is_covered)
            tile[f"{name}_base"] = f"({wording.number(base)})" if is_covered else ""
        return tile

    def arrest_share(stretch: tuple[date, date]) -> str:
        known = counted.total("known", *stretch)
        if not known:
            return wording.NO_DATA
        return wording.share(counted.total("arrests", *stretch), known)

    shares: Row = {
        "measure": "arrests",
        "value": arrest_share((start, end)),
        "so_far": arrest_share(so_far),
    }
    for name, stretch in stretches.items():
        share = arrest_share(stretch) if covered(name) else wording.NO_DATA
        shares[name] = wording.TOO_FEW if share == wording.FEW else share
        shares[f"{name}_base"] = ""
    found = [*map(compared, ("incidents", "violent", "property")), shares]
    days_before = "1 day" if length == 1 else f"{length} days"
    return [{**tile, "days": days_before, "year": end.year} for tile in found]


def year_before(day: date) -> date:
    """The same date a year earlier; 28 February for the 29th."""
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, 2, 28)
    return day.replace(year=day.year - 1)


def categories(db: Db, city: Row, counted: Days) -> list[Row]:
    """The categories of the period of the tiles: count, share and change."""
    end = counted.complete
    start = max(counted.first, end - timedelta(PERIOD - 1))
    length = (end - start).days + 1
    before = start - timedelta(length)
    rows = ask(
        db,
        """
        select
            coalesce(incident_category, 'Not stated') as label,
            count(*) filter (occurred_date >= $start) as incidents,
            count(*) filter (occurred_date < $start) as before
        from fct_incidents
        where city = $city and is_counted and occurred_date between $before and $end
        group by 1
        having incidents > 0
        order by incidents desc, label
        """,
        city=city["city"],
        start=start,
        end=end,
        before=before,
    )
    total = sum(row["incidents"] for row in rows)
    is_covered = before >= counted.first
    return [
        {
            "label": row["label"],
            "incidents": row["incidents"],
            "share": wording.share(row["incidents"], total),
            "change": wording.change(row["incidents"], row["before"])
            if is_covered
            else "–",
        }
        for row in rows
    ]


def undated(db: Db, city: Row) -> Row:
    """Incidents of a city that no page of days can show."""
    return ask(
        db,
        """
        select
            count(*) filter (occurred_date is null) as without_day,
            count(*) filter (occurred_date < $first) as before_first,
            count(*) filter (hour_of_day is null) as without_hour
        from fct_incidents
        where city = $city and is_counted
        """,
        city=city["city"],
        first=city["first_day"],
    )[0]


def latest_changes(db: Db, city: str) -> Row | None:
    """What the last run that found any change did, in rows."""
    rows = ask(
        db,
        """
        select
            max(changed_date) as day,
            count(*) filter (change = 'added') as added,
            count(*) filter (change = 'changed') as corrected,
            count(*) filter (change = 'removed') as removed,
            count(*) filter (change = 'restored') as restored
        from fct_incident_changes
        where city = $city
        group by run_id
        order by max(changed_at) desc
        limit 1
        """,
        city=city,
    )
    return rows[0] if rows else None


def months(db: Db, city: Row) -> list[Row]:
    """Incidents of each whole and complete month, also a day."""
    return ask(
        db,
        """
        select
            month_start, year, month_name, incident_count as incidents, day_count,
            round(incident_count / day_count, 1) as per_day
        from rpt_incident_growth_by_month
        where city = $city and not is_partial
            and month_start >= $first and last_day(month_start) <= $complete
        order by month_start
        """,
        city=city["city"],
        first=city["first_day"],
        complete=city["complete_through"],
    )


def holidays(db: Db, city: str) -> list[Row]:
    """Each holiday against the same weekdays around it, over the years."""
    return ask(
        db,
        """
        select
            holiday_series || case
                when is_observed_holiday then ' (day off)' else ''
            end as holiday,
            avg(difference_pct)::double as mean,
            min(difference_pct)::double as least,
            max(difference_pct)::double as most,
            count(*) as n,
            sum(incident_count)::int as incidents
        from rpt_incidents_on_holidays
        where city = $city and difference_pct is not null
            and usual_incident_count >= $small
        group by 1
        order by mean desc, holiday
        """,
        city=city,
        small=wording.SMALL,
    )


def holiday_days(db: Db, city: str) -> dict[str, str]:
    """The name of every holiday, by its ISO day."""
    rows = ask(
        db,
        "select date_day, holiday_name from dim_dates "
        "where city = $city and is_holiday order by 1",
        city=city,
    )
    return {row["date_day"].isoformat(): row["holiday_name"] for row in rows}


def police_districts(db: Db, city: str) -> list[Row]:
    """The police districts of a city, those without an incident too."""
    return ask(
        db,
        """
        select
            report.police_district as code, report.district_name as name,
            report.station_address as address, report.phone, report.incident_count,
            report.arrest_count, report.is_patrol_district
        from rpt_arrests_by_police_district as report
        where city = $city
        order by police_district
        """,
        city=city,
    )


def council_districts(db: Db, city: str) -> list[Row]:
    """The council districts with who is in office, and what occurs there most."""
    return ask(
        db,
        """
        select
            council_district as code, member_name, title, incident_count, row_count,
            top_category, second_category
        from rpt_incidents_by_council_district
        where city = $city
        order by try_cast(council_district as int) nulls last, council_district
        """,
        city=city,
    )


def placeless(db: Db, city: str) -> Row:
    """How many incidents name no place of each kind."""
    return ask(
        db,
        """
        select
            count(*) as incidents,
            count(*) - count(neighborhood) as neighborhood,
            count(*) - count(police_district) as police_district,
            count(*) - count(present_council_district) as council_district,
            count(*) - count(latitude) as coordinates
        from fct_incidents
        where city = $city and is_counted
        """,
        city=city,
    )[0]
