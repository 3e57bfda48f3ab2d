-- Every shooting with a day that its publisher covers is in every report once, in its
-- year; in the one by agency as often as it names one.
with shootings as (

    select * from {{ ref('fct_shootings') }}

),

publishers as (

    select * from {{ ref('dim_publishers') }}
    where dataset = 'washington_post__shootings'

),

published as (

    select
        shootings.shooting_year as year,
        count(*) as shooting_count
    from shootings
    cross join publishers
    where
        shootings.shooting_date is not null
        and (
            publishers.coverage_from is null
            or shootings.shooting_date >= publishers.coverage_from
        )
        and (
            publishers.coverage_to is null
            or shootings.shooting_date <= publishers.coverage_to
        )
    group by 1

),

by_year as (

    {% for report, rows in [
        ('rpt_shootings_by_state_and_year', 'true'),
        ('rpt_shootings_by_county', 'true'),
        ('rpt_shootings_by_race_and_year', "race_group <> 'all'"),
        ('rpt_shootings_by_race_and_year', "race_group = 'all'"),
        ('rpt_shootings_by_state_race_and_year', "race_group <> 'all'"),
        ('rpt_shootings_by_state_race_and_year', "race_group = 'all'"),
        ('rpt_shootings_cumulative_by_day', 'true'),
    ] -%}
    select
        '{{ report }}' as report,
        published.year,
        max(published.shooting_count) as shooting_count,
        sum({{ report }}.shooting_count) as reported_shooting_count
    from published
    left join {{ ref(report) }}
        on published.year = {{ report }}.year
        and {{ rows }}
    group by 1, 2

    union all

    {% endfor -%}
    select
        'rpt_shootings_cumulative_by_day, last day' as report,
        published.year,
        max(published.shooting_count) as shooting_count,
        max(rpt_shootings_cumulative_by_day.cumulative_shooting_count)
            as reported_shooting_count
    from published
    left join {{ ref('rpt_shootings_cumulative_by_day') }}
        on published.year = rpt_shootings_cumulative_by_day.year
    group by 1, 2

),

by_agency as (

    select
        'rpt_shootings_by_agency' as report,
        cast(null as integer) as year,
        (select count(*) from {{ ref('bridge_shooting_agencies') }}) as shooting_count,
        (select sum(shooting_count) from {{ ref('rpt_shootings_by_agency') }})
            as reported_shooting_count

),

compared as (

    select * from by_year
    union all
    select * from by_agency

)

select *
from compared
where shooting_count <> coalesce(reported_shooting_count, 0)
