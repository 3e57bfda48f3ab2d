with shootings as (

    select * from {{ ref('int_shootings_judged') }}

),

publishers as (

    select * from {{ ref('publishers') }}
    where dataset = 'washington_post__shootings'

),

-- Days that the publisher does not cover are left out, even if a typo or a stray row
-- has one: where nobody counts, there is no number, not even a zero.
covered as (

    select
        shootings.plausible_date as shooting_date,
        publishers.coverage_to

    from shootings
    cross join publishers
    where
        shootings.plausible_date >= coalesce(
            publishers.coverage_from, shootings.plausible_date
        )
        and shootings.plausible_date <= coalesce(
            publishers.coverage_to, shootings.plausible_date
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
