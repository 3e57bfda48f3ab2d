with source as (

    select * from {{ source('washington_post', 'agencies') }}
    where removed_at is null

),

parsed as (

    select
        *,
        {{ as_whole_number('total_shootings') }} as published_shooting_count

    from source

),

renamed as (

    select
        row_id,
        row_id as agency_id,
        {{ clean_text('name') }} as agency_name,
        {{ clean_text('type') }} as agency_type,
        {{ clean_text('state') }} as state_id,
        {{ clean_text('oricodes') }} as ori_codes,
        published_shooting_count,
        {{ is_unparsed('total_shootings', 'published_shooting_count') }}
            as has_unparsed_values,
        loaded_at

    from parsed

)

select * from renamed
