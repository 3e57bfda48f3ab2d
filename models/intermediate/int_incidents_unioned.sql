with versions as (

    select * from {{ ref('int_incident_versions_unioned') }}

),

present as (

    select
        incident_id,
        {{ incident_columns() | join(',\n        ') }},
        removed_at,
        window_month

    from versions
    where replaced_at is null

)

select * from present
