with source as (

    select * from {{ source('cambridge', 'neighborhood_boundaries_versions') }}

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
        'cambridge' as city,
        'neighborhood' as area_kind,
        {{ clean_text('name') }} as area_name,
        {{ whole_number_code('n_hood') }} as neighborhood_number,

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
