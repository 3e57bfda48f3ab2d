with days as (

    select * from {{ ref('int_incident_days') }}

),

freshness as (

    select * from {{ ref('int_city_freshness') }}

),

complete_days as (

    select days.*
    from days
    inner join freshness
        on days.city = freshness.city
        and days.date_day <= freshness.complete_through
    where days.is_covered

),

renamings as (

    select * from {{ ref('holiday_renamings') }}

),

holidays as (

    select * from complete_days
    where is_holiday

),

compared as (

    select
        holidays.date_id,
        holidays.city,
        holidays.date_day,
        holidays.holiday_name,
        holidays.is_observed_holiday,
        holidays.day_of_week_name,
        holidays.incident_count,
        count(complete_days.date_day) as usual_day_count,
        avg(1.0 * complete_days.incident_count) as usual_incident_count

    from holidays
    left join complete_days
        on holidays.city = complete_days.city
        and holidays.day_of_week_iso = complete_days.day_of_week_iso
        and not complete_days.is_holiday
        and abs(
            {{ dbt.datediff('holidays.date_day', 'complete_days.date_day', 'day') }}
        ) <= 28
    group by 1, 2, 3, 4, 5, 6, 7

),

finished as (

    select
        compared.date_id,
        compared.city,
        compared.date_day,
        compared.holiday_name,
        coalesce(renamings.holiday_name, compared.holiday_name) as holiday_series,
        compared.is_observed_holiday,
        compared.day_of_week_name,
        compared.incident_count,
        compared.usual_day_count,
        {{ rounded('compared.usual_incident_count') }} as usual_incident_count,
        {{ difference_pct(
            'compared.incident_count', 'compared.usual_incident_count'
        ) }} as difference_pct

    from compared
    left join renamings
        on compared.city = renamings.city
        and compared.holiday_name = renamings.former_name

)

select * from finished
