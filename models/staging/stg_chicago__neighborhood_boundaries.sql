with source as (

    select * from {{ source('chicago', 'neighborhood_boundaries_versions') }}

),

parsed as (

    select
        *,
        {{ polygons_of('geometry') }} as polygons

    from source

),

renamed as (

    select
        -- ids
        row_id,
        'chicago' as city,
        'neighborhood' as area_kind,
        {{ whole_number_code('area_numbe') }} as area_name,
        {{ clean_text('community') }} as published_name,

        -- where
        polygons,

        -- the row itself
        {{ is_unparsed('geometry', 'polygons') }} as has_unparsed_values,
        loaded_at,
        removed_at,
        replaced_at

    from parsed

)

select * from renamed
