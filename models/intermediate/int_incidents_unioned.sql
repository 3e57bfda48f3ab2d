with incidents as (

    {{ unioned_incidents('stg', ['window_month']) }}

)

select * from incidents
