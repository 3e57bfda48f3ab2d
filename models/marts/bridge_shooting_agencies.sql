with agencies as (

    select * from {{ ref('int_shooting_agencies') }}

)

select * from agencies
