-- A day missing from the calendar would leave its incidents out of the daily reports.
with incident_days as (

    select
        city,
        occurred_date,
        count(*) as row_count
    from {{ ref('fct_incidents') }}
    where occurred_date is not null
    group by city, occurred_date

),

calendar as (

    select * from {{ ref('dim_dates') }}

)

select incident_days.*
from incident_days
left join calendar
    on incident_days.city = calendar.city
    and incident_days.occurred_date = calendar.date_day
where calendar.date_day is null
