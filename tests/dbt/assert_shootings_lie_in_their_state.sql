-- Warns: these were geocoded to a place of the same name elsewhere, or their state is a
-- slip. 38 of 9,518 in April 2024; `is_outside_state_bounds` tells which.
{{ config(severity='warn') }}

select
    shooting_id,
    state_id,
    latitude,
    longitude
from {{ ref('fct_shootings') }}
where is_outside_state_bounds
