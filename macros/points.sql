{#
    Points as text: `POINT (-96.8 32.7)`, `(32.7, -96.8)` at the end, an address before
    it, and JSON with `latitude` and `longitude` or, as GeoJSON has them, `coordinates`.
    Only the second has its latitude first.
#}

{% macro point_latitude(column) -%}
    coalesce(
        {{ last_number(text_matching(column, wkt_point_pattern())) }},
        {{ first_number(text_matching(trimmed(column), pair_pattern())) }},
        {{ last_number(text_matching(column, json_pattern('coordinates'))) }},
        {{ last_number(text_matching(column, json_pattern('latitude'))) }}
    )
{%- endmacro %}


{% macro point_longitude(column) -%}
    coalesce(
        {{ first_number(text_matching(column, wkt_point_pattern())) }},
        {{ last_number(text_matching(trimmed(column), pair_pattern())) }},
        {{ first_number(text_matching(column, json_pattern('coordinates'))) }},
        {{ last_number(text_matching(column, json_pattern('longitude'))) }}
    )
{%- endmacro %}


{% macro number_pattern() -%}
    {{ return('[-+]?[0-9]+(?:[.][0-9]+)?(?:[eE][-+]?[0-9]+)?') }}
{%- endmacro %}

{% macro wkt_point_pattern() -%}
    {{ return(
        '^ *[Pp][Oo][Ii][Nn][Tt] *[(] *' ~ number_pattern() ~ ' +' ~ number_pattern()
    ) }}
{%- endmacro %}

{% macro pair_pattern() -%}
    {{ return('[(] *' ~ number_pattern() ~ ' *, *' ~ number_pattern() ~ ' *[)]$') }}
{%- endmacro %}

{% macro json_pattern(key) -%}
    {%- set value = '"?' ~ number_pattern() -%}
    {%- if key == 'coordinates' -%}
        {%- set value = '[[] *' ~ number_pattern() ~ ' *, *' ~ number_pattern() -%}
    {%- endif -%}
    {{ return('"' ~ key ~ '" *: *' ~ value) }}
{%- endmacro %}


{% macro first_number(expression) -%}
    {{ text_matching(expression, number_pattern()) }}
{%- endmacro %}

{% macro last_number(expression) -%}
    {{ first_number(text_matching(expression, number_pattern() ~ '[^0-9]*$')) }}
{%- endmacro %}
