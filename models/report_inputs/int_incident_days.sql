with days as (

    select * from {{ ref('dim_dates') }}

),

incidents as (

    select * from {{ ref('fct_incidents') }}

),

counted as (

    select
        city,
        occurred_date,
        count(*) as row_count,
        count(case when is_counted then 1 end) as incident_count,
        count(case when is_counted and is_violent then 1 end) as violent_incident_count,
        count(case when is_counted and is_property then 1 end)
            as property_incident_count,
        min(report_date) as first_report_date

    from incidents
    group by city, occurred_date

),

filled as (

    select
        days.date_id,
        days.city,
        days.date_day,
        days.year,
        days.quarter,
        days.month,
        days.month_name,
        days.month_start,
        days.day,
        days.iso_week,
        days.day_of_week_iso,
        days.day_of_week_name,
        days.is_weekend,
        days.holiday_name,
        days.is_holiday,
        days.is_observed_holiday,
        days.is_complete_month,
        -- Before the first report that was loaded there are only late reports.
        coalesce(
            days.date_day >= min(counted.first_report_date) over (
                partition by days.city
            ),
            true
        ) as is_covered,
        coalesce(counted.row_count, 0) as row_count,
        coalesce(counted.incident_count, 0) as incident_count,
        coalesce(counted.violent_incident_count, 0) as violent_incident_count,
        coalesce(counted.property_incident_count, 0) as property_incident_count

    from days
    left join counted
        on days.city = counted.city
        and days.date_day = counted.occurred_date

)

select * from filled
