-- Warns, with their number: places outside of the city's box. Such rows stay in the
-- fact, without a place on the map. Chicago has published some at the origin of the
-- state's projection, in Missouri.
{{ config(severity='warn') }}

select
    incident_id,
    place
from {{ ref('fct_incidents') }}
where has_implausible_place
