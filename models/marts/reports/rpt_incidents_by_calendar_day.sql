with days as (

    select * from {{ ref('int_incident_days') }}

)

select * from days
