{{ config(enabled=is_chosen('chicago')) }}

with versions as (

    select * from {{ ref('base_chicago__incidents') }}

),

present as (

    select
        {{ incident_columns() | join(',\n        ') }},
        updated_at_local,
        x_coordinate,
        y_coordinate,
        window_month
    from versions
    where removed_at is null and replaced_at is null

)

select * from present
