with versions as (

    select * from {{ ref('int_incident_versions_unioned') }}

),

-- They lie in no month, which spares a warehouse of partitions the others.
removed as (

    select
        incident_id,
        city,
        loaded_at,
        removed_at
    from versions
    where removed_at is not null and window_month is null

)

select * from removed
