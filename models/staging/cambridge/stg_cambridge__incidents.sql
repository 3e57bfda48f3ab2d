{{ config(enabled=is_chosen('cambridge')) }}

with versions as (

    select * from {{ ref('base_cambridge__incidents') }}

),

present as (

    select
        {{ incident_columns() | join(',\n        ') }},
        updated_at_local,
        window_month
    from versions
    where removed_at is null and replaced_at is null

)

select * from present
