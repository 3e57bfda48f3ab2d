with shootings as (

    select * from {{ ref('fct_shootings') }}

),

publishers as (

    select * from {{ ref('dim_publishers') }}
    where dataset = 'washington_post__shootings'

),

-- Where nobody counts there is no number, and no zero either: a day outside of what the
-- publisher covers is none, whatever a slip of the pen or a row too many says.
covered as (

    select
        shootings.shooting_date,
        publishers.coverage_to

    from shootings
    cross join publishers
    where
        shootings.shooting_date >= coalesce(
            publishers.coverage_from, shootings.shooting_date
        )
        and shootings.shooting_date <= coalesce(
            publishers.coverage_to, shootings.shooting_date
        )

),

spans as (

    select
        cast({{ dbt.date_trunc('year', 'min(shooting_date)') }} as date) as first_day,
        -- What is held reaches into the last month: the publisher has come to its end.
        -- An older copy ends where its rows do.
        case
            when
                {{ dbt.date_trunc('month', 'max(shooting_date)') }}
                = {{ dbt.date_trunc('month', 'max(coverage_to)') }}
                then max(coverage_to)
            else max(shooting_date)
        end as last_day

    from covered
    having count(*) > 0

),

days as (

    {{ days_between('spans', 'last_day', 'first_day', 'last_day') }}

),

described as (

    select
        date_day,
        cast(extract(year from date_day) as integer) as year,
        {{ day_of_year('date_day') }} as day_of_year,
        {{ dbt.last_day('date_day', 'year') }} > last_day as is_partial_year

    from days

)

select * from described
