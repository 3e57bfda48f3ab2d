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
