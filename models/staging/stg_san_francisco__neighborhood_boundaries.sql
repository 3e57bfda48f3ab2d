with source as (

    select * from {{ source('san_francisco', 'neighborhood_boundaries_versions') }}

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
        'san_francisco' as city,
        'neighborhood' as area_kind,
        {{ clean_text('nhood') }} as area_name,

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
