-- A second row would double that day's figures wherever the calendar is joined.
select
    city,
    holiday_date,
    count(*) as row_count
from {{ ref('holidays') }}
group by city, holiday_date
having count(*) > 1
