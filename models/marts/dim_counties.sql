with counties as (

    select * from {{ ref('int_counties') }}

)

select * from counties
