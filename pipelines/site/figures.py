"""The numbers on the pages about all cities and shootings, queried from the marts.

Every function takes a DuckDB connection that has each mart under its name. Counts are
of incidents (`is_counted`), not of rows, unless a name says so.
"""

from datetime import date
from typing import Any

import duckdb

from pipelines.site import wording

Db = duckdb.DuckDBPyConnection

Row = dict[str, Any]

INDEXED = """
    with whole as (
        select growth.city, growth.month_start, growth.incident_count
        from rpt_incident_growth_by_month as growth
        inner join rpt_freshness_by_city as freshness
            on growth.city = freshness.city
            and growth.month_start >= freshness.first_day
            and last_day(growth.month_start) <= freshness.complete_through
        where not growth.is_partial
    ),

    summed as (
        select
            city,
            month_start,
            sum(incident_count) over last_months as incidents,
            count(*) over last_months as month_count
        from whole
        window last_months as (
            partition by city order by month_start
            rows between 11 preceding and current row
        )
    )

    select
        dim_cities.city_name as city,
        month_start as month,
        incidents::int as incidents,
        round(
            100.0 * incidents / first(incidents) over (
                partition by summed.city order by month_start
            ), 1
        )::double as index
    from summed
    inner join dim_cities on summed.city = dim_cities.city
    where month_count = 12
    qualify first(incidents) over (
        partition by summed.city order by month_start
    ) >= $small
    order by city_name, month_start
"""


def ask(db: Db, sql: str, **values: Any) -> list[Row]:
    """Run a query, and return its rows as dictionaries by column name."""
    result = db.execute(sql, values)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def cities(db: Db) -> list[Row]:
    """Every city, with the days it covers if it has incidents."""
    return ask(
        db,
        """
        select dim_cities.*, freshness.* exclude (city)
        from dim_cities
        left join rpt_freshness_by_city as freshness
            on dim_cities.city = freshness.city
        order by city_name
        """,
    )


def indexed(db: Db) -> list[Row]:
    """Each city's sums over twelve months, indexed so that the first one is 100."""
    return ask(db, INDEXED, small=wording.SMALL)


def changes_by_month(db: Db) -> list[Row]:
    """Rows that cities corrected, removed or restored, by the month of the load."""
    return ask(
        db,
        """
        select
            dim_cities.city_name as city,
            date_trunc('month', changed_date)::date as month,
            case change when 'changed' then 'corrected' else change end as change,
            sum(change_count)::int as rows
        from rpt_incident_changes_by_day as report
        inner join dim_cities on report.city = dim_cities.city
        where change <> 'added'
        group by all
        order by month, city, change
        """,
    )


def reclassifications(db: Db) -> list[Row]:
    """Incidents that a city moved from one category to another."""
    return ask(
        db,
        """
        select dim_cities.city_name, report.* exclude (city)
        from rpt_reclassifications_by_month as report
        inner join dim_cities on report.city = dim_cities.city
        order by all
        """,
    )


def shootings_by_day(db: Db) -> list[Row]:
    """Cumulative shootings of each year, week by week."""
    return ask(
        db,
        """
        select
            year, day_of_year, cumulative_shooting_count as shootings,
            year = max(year) over () as is_latest,
            date_day = max(date_day) over (partition by year) as is_last_day
        from rpt_shootings_cumulative_by_day
        qualify is_last_day or day_of_year % 7 = 1
        order by date_day
        """,
    )


def last_shooting_day(db: Db) -> date:
    """The day through which shootings are counted."""
    (row,) = ask(
        db, "select max(date_day) as last_day from rpt_shootings_cumulative_by_day"
    )
    last_day: date = row["last_day"]
    return last_day


def shootings_by_state(db: Db) -> list[Row]:
    """Each state's shootings over complete years; the rate is null if they are few."""
    return ask(
        db,
        """
        with summed as (
            select
                state_name,
                sum(shooting_count)::int as shootings,
                sum(shooting_count) filter (population is not null) as rated_shootings,
                sum(population) as population,
                min(year) as first_year,
                max(year) as last_year
            from rpt_shootings_by_state_and_year
            where not is_partial_year
            group by state_id, state_name
        )

        select
            state_name, shootings, first_year, last_year,
            case
                when rated_shootings >= $small
                    then round(
                        1000000.0 * rated_shootings / nullif(population, 0), 2
                    )::double
            end as rate
        from summed
        order by shootings desc, state_name
        """,
        small=wording.SMALL,
    )


def shootings_by_race(db: Db) -> list[Row]:
    """The groups of the last complete year with rates; null for few shootings.

    `of_year` counts all shootings of the year, `unknown` those without a race.
    """
    return ask(
        db,
        """
        with last_year as (
            select
                *,
                max(shooting_count) filter (race_group = 'all') over () as of_year,
                max(shooting_count) filter (race_group = 'unknown') over () as unknown
            from rpt_shootings_by_race_and_year
            where year = (
                select max(year) from rpt_shootings_by_race_and_year
                where not is_partial_year and rate_per_million is not null
            )
        )

        select
            year, race_group_label as label, shooting_count as shootings,
            case
                when shooting_count >= $small then rate_per_million::double
            end as rate,
            coalesce(shooting_count < $small, false) as is_small,
            of_year, coalesce(unknown, 0) as unknown
        from last_year
        where race_group <> 'all'
        order by rate desc nulls last, label
        """,
        small=wording.SMALL,
    )


def publishers(db: Db) -> list[Row]:
    """Every publisher's license, attribution and disclaimer."""
    return ask(db, "select * from dim_publishers order by dataset")


def unmapped(db: Db) -> list[Row]:
    """By city, the incidents whose published term belongs to no group, and their share.

    Cities of which every term is mapped are left out.
    """
    return ask(
        db,
        """
        select
            city_name,
            count(*) filter (where offense_group is null)::int as incidents,
            count(distinct offense_code) filter (where offense_group is null)::int
                as terms,
            round(100.0 * incidents / count(*), 1)::double as pct
        from fct_incidents
        inner join dim_cities on fct_incidents.city = dim_cities.city
        where is_counted
        group by city_name
        having count(*) filter (where offense_group is null) > 0
        order by city_name
        """,
    )


def mapping(db: Db) -> list[Row]:
    """The NIBRS group to which each of a city's own terms belongs."""
    return ask(
        db,
        """
        select
            city_name, offense_code, offense_group,
            case
                when is_violent then 'violent'
                when is_property then 'property'
                else 'neither'
            end as kind
        from dim_offense_categories
        inner join dim_cities on dim_offense_categories.city = dim_cities.city
        order by city_name, offense_code
        """,
    )
