with source as (

    select * from {{ source('memphis', 'district_boundaries_versions') }}

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
        'memphis' as city,
        'police_district' as area_kind,
        -- Incidents name it in capitals and without dots.
        upper(replace({{ clean_text('precinct') }}, '.', '')) as area_name,

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
