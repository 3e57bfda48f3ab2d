{% macro polygons_of(geometry) -%}
    case
        {%- for kind, brackets in {'Polygon': 0, 'MultiPolygon': 1}.items() %}
        {%- set begin = '{"type":"' ~ kind ~ '","coordinates":' ~ '[' * brackets %}
        when {{ geometry }} like '{{ begin }}[%'
            then substr(
                {{ geometry }},
                {{ begin | length + 1 }},
                length({{ geometry }}) - {{ begin | length + brackets + 1 }}
            )
        {%- endfor %}
    end
{%- endmacro %}


{% macro multipolygon_of(polygons) -%}
    '{"type":"MultiPolygon","coordinates":[' || {{ polygons }} || ']}'
{%- endmacro %}


{% macro staged_boundaries(features, city, area_kind, area_name, others={}) -%}
with source as (

    select * from {{ features }}
    where removed_at is null

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
        '{{ city }}' as city,
        '{{ area_kind }}' as area_kind,
        {{ area_name }} as area_name,
        {%- for name, expression in others.items() %}
        {{ expression }} as {{ name }},
        {%- endfor %}

        -- where
        polygons,

        -- the row itself
        {{ is_unparsed('geometry', 'polygons') }} as has_unparsed_values,
        loaded_at

    from parsed

)

select * from renamed
{%- endmacro %}
