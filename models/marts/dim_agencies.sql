with agencies as (

    select * from {{ ref('int_agencies_labeled') }}

)

select * from agencies
