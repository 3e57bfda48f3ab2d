with features as (

    select * from {{ ref('int_areas_unioned') }}

),

areas as (

    select
        {{ key_of(['city', 'area_kind', 'area_name']) }} as area_id,
        city,
        area_kind,
        area_name,
        {{ multipolygon_of(dbt.listagg(
            'polygons', "','", 'order by ' ~ in_byte_order('row_id')
        )) }} as geometry

    from features
    group by city, area_kind, area_name

)

select * from areas
