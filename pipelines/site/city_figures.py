"""The numbers on a city's pages, queried from the marts; see `figures`."""

from pipelines.site import wording
from pipelines.site.figures import Db, Row, ask
from pipelines.site.period import Comparisons, Days


def days(db: Db, city: Row, police_district: str | None = None) -> Days:
    """Incidents of each day, violent and property ones, and what is known of arrests.

    Only those of one police district, if one is given.
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
    """How many rows changed in the last run that found any change."""
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
