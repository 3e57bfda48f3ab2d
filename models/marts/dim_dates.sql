with incidents as (

    select * from {{ ref('fct_incidents') }}

),

holidays as (

    select * from {{ ref('int_holidays') }}

),

spans as (

    select
        city,
        min(occurred_date) as first_day,
        max(occurred_date) as last_day

    from incidents
    where occurred_date is not null
    group by city

),

days as (

    {{ days_between('spans', 'city', 'first_day', 'last_day') }}

),

described as (

    select
        {{ key_of(['days.city', 'days.date_day']) }} as date_id,
        days.city,
        days.date_day,
        cast(extract(year from days.date_day) as integer) as year,
        cast(extract(quarter from days.date_day) as integer) as quarter,
        cast(extract(month from days.date_day) as integer) as month,
        {{ month_name('days.date_day') }} as month_name,
        cast({{ dbt.date_trunc('month', 'days.date_day') }} as date) as month_start,
        cast(extract(day from days.date_day) as integer) as day,
        {{ iso_week('days.date_day') }} as iso_week,
        {{ day_of_week_iso('days.date_day') }} as day_of_week_iso,
        {{ day_of_week_name('days.date_day') }} as day_of_week_name,
        {{ day_of_week_iso('days.date_day') }} >= 6 as is_weekend,
        holidays.holiday_name,
        holidays.holiday_name is not null as is_holiday,
        coalesce(holidays.is_observed_holiday, false) as is_observed_holiday,
        cast({{ dbt.date_trunc('month', 'days.date_day') }} as date) >= spans.first_day
        and {{ dbt.last_day('days.date_day', 'month') }} <= spans.last_day
            as is_complete_month

    from days
    inner join spans on days.city = spans.city
    left join holidays
        on days.city = holidays.city
        and days.date_day = holidays.holiday_date

)

select * from described
