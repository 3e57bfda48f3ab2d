with shootings as (

    select * from {{ ref('int_shootings_by_state_race_and_year') }}

)

select * from shootings
