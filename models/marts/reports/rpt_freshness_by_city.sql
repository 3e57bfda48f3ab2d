with cities as (

    select * from {{ ref('int_city_freshness') }}

)

select * from cities
