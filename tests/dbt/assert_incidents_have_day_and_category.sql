-- A few rows of every city lack one (74 of 635,371 in Memphis in July 2026, no day);
-- more than 1 %, and more than ten, means that a column was renamed or is no longer
-- filled.
with counts as (

    select
        city,
        count(*) as row_count,
        sum(case when occurred_date is null then 1 else 0 end) as no_day_count,
        sum(case when incident_category is null then 1 else 0 end) as no_category_count
    from {{ ref('fct_incidents') }}
    group by city

)

select *
from counts
where
    (no_day_count > 10 and no_day_count > 0.01 * row_count)
    or (no_category_count > 10 and no_category_count > 0.01 * row_count)
