with agencies as (

    select * from {{ ref('stg_washington_post__agencies') }}

),

agency_types as (

    select * from {{ ref('shooting_codes') }}
    where field = 'agency_type'

),

labeled as (

    select
        agencies.agency_id,
        agencies.agency_name,
        agencies.agency_type,
        coalesce(agency_types.label, agencies.agency_type, 'not recorded')
            as agency_type_label,
        agencies.state_id,
        agencies.ori_codes,
        agencies.published_shooting_count

    from agencies
    left join agency_types on agencies.agency_type = agency_types.code

)

select * from labeled
