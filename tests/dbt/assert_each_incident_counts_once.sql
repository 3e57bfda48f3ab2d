-- One row of each incident counts, or none where all of its rows are supplements.
with incidents as (

    select
        city,
        counting_id,
        sum(case when is_counted then 1 else 0 end) as counted_rows,
        max(case when is_supplement then 0 else 1 end) as expected_rows
    from {{ ref('fct_incidents') }}
    {{ touched_by_build(ref('fct_incidents'), 'counting_id') }}
    group by city, counting_id

)

select *
from incidents
where counted_rows <> expected_rows
