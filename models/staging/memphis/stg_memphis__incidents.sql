{{ config(enabled=is_chosen('memphis')) }}

with versions as (

    select * from {{ ref('base_memphis__incidents') }}

),

present as (

    select
        {{ incident_columns() | join(',\n        ') }},
        nibrs_group,
        window_month
    from versions
    where removed_at is null and replaced_at is null

)

select * from present
