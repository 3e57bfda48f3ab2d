with source as (

    select * from {{ source('washington_post', 'shootings') }}
    where removed_at is null

),

parsed as (

    select
        *,
        {{ as_date('date') }} as shooting_date,
        {{ as_whole_number('age') }} as age_years,
        {{ as_boolean('was_mental_illness_related') }} as is_mental_illness_related,
        {{ as_boolean('body_camera') }} as has_body_camera,
        {{ as_degrees('latitude', 90) }} as latitude_degrees,
        {{ as_degrees('longitude', 180) }} as longitude_degrees

    from source

),

renamed as (

    select
        -- ids
        row_id,
        row_id as shooting_id,
        {{ clean_text('agency_ids') }} as agency_ids,

        -- when
        shooting_date,

        -- who
        {{ clean_text('name') }} as name,
        age_years as age,
        {{ clean_text('gender') }} as gender,
        {{ clean_text('race') }} as race,
        {{ clean_text('race_source') }} as race_source,

        -- what
        cast(null as {{ dbt.type_string() }}) as manner_of_death,
        {{ clean_text('armed_with') }} as armed_with,
        {{ clean_text('threat_type') }} as threat_type,
        {{ clean_text('flee_status') }} as flee_status,
        is_mental_illness_related,
        has_body_camera,

        -- where
        {{ clean_text('city') }} as city,
        {{ clean_text('county') }} as county,
        {{ clean_text('state') }} as state_id,
        latitude_degrees as latitude,
        longitude_degrees as longitude,
        {{ clean_text('location_precision') }} as location_precision,

        -- the row itself
        {{ is_unparsed('date', 'shooting_date') }}
        or {{ is_unparsed('age', 'age_years') }}
        or {{ is_unparsed('was_mental_illness_related', 'is_mental_illness_related') }}
        or {{ is_unparsed('body_camera', 'has_body_camera') }}
        or {{ is_unparsed('latitude', 'latitude_degrees') }}
        or {{ is_unparsed('longitude', 'longitude_degrees') }} as has_unparsed_values,
        loaded_at

    from parsed

)

select * from renamed
