with days as (

    select * from {{ ref('int_shooting_days') }}

),

shootings as (

    select * from {{ ref('fct_shootings') }}

),

counted as (

    select
        shooting_date,
        count(*) as shooting_count

    from shootings
    group by shooting_date

),

filled as (

    select
        days.date_day,
        days.year,
        days.day_of_year,
        days.is_partial_year,
        coalesce(counted.shooting_count, 0) as shooting_count

    from days
    left join counted on days.date_day = counted.shooting_date

),

summed as (

    select
        *,
        cast(
            sum(shooting_count) over (
                partition by year
                order by date_day
                rows between unbounded preceding and current row
            ) as {{ dbt.type_bigint() }}
        ) as cumulative_shooting_count

    from filled

)

select * from summed
