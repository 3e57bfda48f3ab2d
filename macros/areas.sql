{# Every data set of boundaries: source and entity. A new one is one line here. #}
{% macro boundary_entities() -%}
    {{ return([
        ('san_francisco', 'neighborhood_boundaries'),
        ('chicago', 'neighborhood_boundaries'),
        ('memphis', 'district_boundaries'),
        ('cambridge', 'neighborhood_boundaries'),
    ]) }}
{%- endmacro %}


{#
    The polygons of a shape, as the brackets of a MultiPolygon hold them, so that those
    of several shapes can stand in one. Shapes are as the pipeline writes them: type,
    coordinates, no blanks; null for any other.
#}
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


{# A shape of polygons that `polygons_of` gave, with commas between them. #}
{% macro multipolygon_of(polygons) -%}
    '{"type":"MultiPolygon","coordinates":[' || {{ polygons }} || ']}'
{%- endmacro %}


{#
    A staging model of boundaries: present features, each with its kind and name.
    `others` are columns that a publisher has besides, by name.
#}
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
