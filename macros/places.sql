{# Places on the map. #}

{% macro lies_outside(latitude, longitude, box) -%}
    coalesce(
        {{ latitude }} not between {{ box }}.south and {{ box }}.north
        or {{ longitude }} not between {{ box }}.west and {{ box }}.east,
        false
    )
{%- endmacro %}


{% macro coordinates() -%}
    latitude_degrees as latitude,
        longitude_degrees as longitude,
        case
            when latitude_degrees is not null and longitude_degrees is not null
                then {{ trimmed('latitude') }} || ', ' || {{ trimmed('longitude') }}
        end as coordinates
{%- endmacro %}


{% macro district_of_the_day(day, lines) -%}
    case
        {%- for first_day, column in lines | reverse %}
        when {{ day }}
        {%- if first_day %} >= cast('{{ first_day }}' as date)
        {%- else %} is not null
        {%- endif %} then {{ column }}
        {%- endfor %}
    end
{%- endmacro %}


{# Names of places as they are compared: spelled in one way, in lower case. #}

{% macro replace_all(column, pattern, replacement) -%}
    {{ return(adapter.dispatch('replace_all')(column, pattern, replacement)) }}
{%- endmacro %}

{% macro default__replace_all(column, pattern, replacement) -%}
    regexp_replace({{ column }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{% macro bigquery__replace_all(column, pattern, replacement) -%}
    regexp_replace({{ column }}, '{{ pattern }}', '{{ replacement }}')
{%- endmacro %}


{% macro plain_words(column) -%}
    {%- set spelled = namespace(out=replace_all(
        replace_all(
            "translate(lower(" ~ column ~ "), 'áéíóúñü', 'aeiounu')",
            '[.' ~ dbt.escape_single_quotes("'") ~ '’]',
            ''
        ),
        '[- ]+',
        '  '
    )) -%}
    {%- set spelled.out = "'  ' || " ~ spelled.out ~ " || '  '" -%}
    {%- for short, long in {
        'st': 'saint', 'ste': 'sainte', 'ft': 'fort', 'mt': 'mount'
    }.items() -%}
    {%- set spelled.out =
        "replace(" ~ spelled.out ~ ", ' " ~ short ~ " ', ' " ~ long ~ " ')" -%}
    {%- endfor -%}
    {{ replace_all(spelled.out, ' +', ' ') }}
{%- endmacro %}


{% macro plain_city(column) -%}
    {{ trimmed(replace_all(plain_words(column), ' (?:city|town|township) $', '')) }}
{%- endmacro %}


{% macro plain_county(column) -%}
    replace({{ plain_words(column) }}, ' ', '')
{%- endmacro %}


{% macro county_kind(column) -%}
    {{ trimmed(text_matching(column, county_kind_pattern())) }}
{%- endmacro %}

{% macro without_county_kind(column) -%}
    {{ replace_all(column, county_kind_pattern(), '') }}
{%- endmacro %}

{% macro county_kind_pattern() -%}
    {{ return(
        ' (?:County|Parish|Borough|Census Area|Municipality|Municipio|Planning Region'
        ~ '|City and Borough|city|County/city|County/town|Borough/city'
        ~ '|Borough/municipality)$'
    ) }}
{%- endmacro %}


{% macro county_fips(state, county) -%}
    {{ zero_padded(state, 2) }} || {{ zero_padded(county, 3) }}
{%- endmacro %}
