-- Warns: a slip of the publisher's pen, or a closed publisher that goes on after all.
-- Such rows are in `fct_shootings` and in no report by year; if they are many, give the
-- publisher another `coverage_to` in `seeds/publishers.csv`.
{{ config(severity='warn') }}

with publishers as (

    select * from {{ ref('dim_publishers') }}
    where dataset = 'washington_post__shootings'

)

select
    fct_shootings.shooting_id,
    fct_shootings.shooting_date
from {{ ref('fct_shootings') }}
cross join publishers
where
    fct_shootings.shooting_date < publishers.coverage_from
    or fct_shootings.shooting_date > publishers.coverage_to
