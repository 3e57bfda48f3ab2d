"""The numbers on a city's pages, queried from the marts; see `figures`."""

from datetime import date

from pipelines.site import wording
from pipelines.site.figures import Db, Row, ask
from pipelines.site.period import MEASURES, Comparisons, Days

# What is counted of each day, in the table of the same name.
COUNTED = ", ".join(f"sum({measure})::int as {measure}" for measure in MEASURES)


def days(db: Db, city: Row) -> tuple[Days, dict[str, Days]]:
    """A city's counts of each day, and those of each of its police districts."""
    complete = max(city["complete_through"], city["first_day"])

    def counts(rows: list[Row]) -> Days:
        return Days(city["first_day"], complete, {row["day"]: row for row in rows})

    values = {"city": city["city"], "first": city["first_day"]}
    where = "city = $city and occurred_date >= $first"
    whole = ask(
        db,
        f"select occurred_date as day, {COUNTED} from incident_days "
        f"where {where} group by all",
        **values,
    )
    by_district: dict[str, list[Row]] = {}
    for row in ask(
        db,
        f"select police_district as code, occurred_date as day, {COUNTED} "
        f"from incident_days where {where} and occurred_date >= $since group by all",
        **values,
        since=date(complete.year - 2, 1, 1),
    ):
        by_district.setdefault(row["code"], []).append(row)
    codes = [row["code"] for row in police_districts(db, city["city"])]
    return counts(whole), {code: counts(by_district.get(code, [])) for code in codes}


def categories(db: Db, city: Row, compared: Comparisons) -> list[Row]:
    """Incidents by category in the period, and in the equal period before it."""
    return ask(
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
        start=compared.now.start,
        end=compared.now.end,
        before=compared.before.start,
    )


def undated(db: Db, city: Row) -> Row:
    """How many of a city's incidents can't be shown by day, or by hour."""
    return ask(
        db,
        """
        select
            coalesce(sum(incidents) filter (occurred_date is null), 0)::int
                as without_day,
            coalesce(sum(incidents) filter (occurred_date < $first), 0)::int
                as before_first,
            coalesce(sum(incidents - with_hour), 0)::int as without_hour
        from incident_days
        where city = $city
        """,
        city=city["city"],
        first=city["first_day"],
    )[0]


def latest_changes(db: Db, city: str) -> Row | None:
    """How many rows changed in the last run that found any change."""
    (last,) = ask(
        db,
        "select max(changed_date) as day from rpt_incident_changes_by_day "
        "where city = $city",
        city=city,
    )
    # A run may begin on the day before, but not two.
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
        where city = $city and changed_date >= $day::date - 1
        group by run_id
        order by max(changed_at) desc
        limit 1
        """,
        city=city,
        day=last["day"],
    )
    return rows[0] if rows else None


def months(db: Db, city: Row) -> list[Row]:
    """Incidents of each complete month, in total and per day."""
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
    """Each holiday compared with the same weekdays around it, over all years."""
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
    """The name of every holiday, by its ISO date."""
    rows = ask(
        db,
        "select date_day, holiday_name from dim_dates "
        "where city = $city and is_holiday order by 1",
        city=city,
    )
    return {row["date_day"].isoformat(): row["holiday_name"] for row in rows}


def police_districts(db: Db, city: str) -> list[Row]:
    """A city's police districts, including those without incidents."""
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
    """Council districts, who is in office, and what occurs there most."""
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
    """How many incidents lack each kind of place."""
    return ask(
        db,
        """
        select
            coalesce(sum(incidents), 0)::int as incidents,
            coalesce(sum(incidents - with_neighborhood), 0)::int as neighborhood,
            coalesce(sum(incidents) filter (police_district is null), 0)::int
                as police_district,
            coalesce(sum(incidents - with_council_district), 0)::int
                as council_district,
            coalesce(sum(incidents - with_coordinates), 0)::int as coordinates
        from incident_days
        where city = $city
        """,
        city=city,
    )[0]
