with cities as (

    select * from {{ ref('cities') }}
    where {{ is_of_chosen_city('city') }}

)

select * from cities
