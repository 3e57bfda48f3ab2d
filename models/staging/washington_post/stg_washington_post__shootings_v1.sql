with source as (

    select * from {{ source('washington_post', 'shootings_v1') }}
    where removed_at is null

),

parsed as (

    select
        *,
        {{ as_date('date') }} as shooting_date,
        {{ as_whole_number('age') }} as age_years,
        {{ as_boolean('signs_of_mental_illness') }} as is_mental_illness_related,
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
        cast(null as {{ dbt.type_string() }}) as agency_ids,

        -- when
        shooting_date,

        -- who
        {{ clean_text('name') }} as name,
        age_years as age,
        {{ clean_text('gender') }} as gender,
        {{ clean_text('race') }} as race,
        cast(null as {{ dbt.type_string() }}) as race_source,

        -- what
        {{ clean_text('manner_of_death') }} as manner_of_death,
        {{ clean_text('armed') }} as armed_with,
        {{ clean_text('threat_level') }} as threat_type,
        {{ clean_text('flee') }} as flee_status,
        is_mental_illness_related,
        has_body_camera,

        -- where
        {{ clean_text('city') }} as city,
        cast(null as {{ dbt.type_string() }}) as county,
        {{ clean_text('state') }} as state_id,
        latitude_degrees as latitude,
        longitude_degrees as longitude,
        case {{ as_boolean('is_geocoding_exact') }}
            when true then 'exact'
            when false then 'not_exact'
        end as location_precision,

        -- the row itself
        {{ is_unparsed('date', 'shooting_date') }}
        or {{ is_unparsed('age', 'age_years') }}
        or {{ is_unparsed('signs_of_mental_illness', 'is_mental_illness_related') }}
        or {{ is_unparsed('body_camera', 'has_body_camera') }}
        or {{ is_unparsed('latitude', 'latitude_degrees') }}
        or {{ is_unparsed('longitude', 'longitude_degrees') }} as has_unparsed_values,
        loaded_at

    from parsed

)

select * from renamed
