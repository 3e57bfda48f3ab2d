-- Warns, with their number: days beyond tomorrow or before the city's first year are
-- slips, which cities correct. Such rows stay in the fact, without a day. One in a
-- hundred is an error, by assert_incidents_have_day_and_category.
{{ config(severity='warn') }}

select
    incident_id,
    occurred_at_local,
    reported_at_local
from {{ ref('fct_incidents') }}
where has_implausible_date
