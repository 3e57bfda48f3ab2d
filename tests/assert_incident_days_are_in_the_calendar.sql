-- A day missing from the calendar would leave its incidents out of the daily reports.
with days as (

    select
        city,
        occurred_date,
        count(*) as row_count
    from {{ ref('fct_incidents') }}
    where occurred_date is not null
    group by city, occurred_date

)

select days.*
from days
left join {{ ref('dim_dates') }} as dates
    on days.city = dates.city
    and days.occurred_date = dates.date_day
where dates.date_day is null
