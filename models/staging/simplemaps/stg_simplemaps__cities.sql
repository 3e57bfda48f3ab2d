with source as (

    select * from {{ source('simplemaps', 'cities') }}
    where removed_at is null

),

parsed as (

    select
        *,
        {{ as_whole_number('population') }} as residents,
        {{ as_degrees('lat', 90) }} as latitude,
        {{ as_degrees('lng', 180) }} as longitude

    from source

),

renamed as (

    select
        -- ids
        row_id,
        row_id as city_id,

        -- where
        {{ clean_text('city') }} as city,
        {{ clean_text('city_ascii') }} as city_ascii,
        {{ clean_text('state_id') }} as state_id,
        {{ clean_text('state_name') }} as state_name,
        {{ zero_padded('county_fips', 5) }} as county_fips,
        {{ clean_text('county_name') }} as county_name,
        latitude,
        longitude,

        -- what
        residents as population,
        {{ as_boolean('military') }} as is_military,
        {{ as_boolean('incorporated') }} as is_incorporated,

        -- the row itself
        {{ is_unparsed('population', 'residents') }}
        or {{ is_unparsed('lat', 'latitude') }}
        or {{ is_unparsed('lng', 'longitude') }} as has_unparsed_values,
        loaded_at

    from parsed

)

select * from renamed
