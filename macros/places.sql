{# Places on the map. #}

{#
    True where there is a place, and it is none in the box of `box`: at 0,0, at the
    origin of a projection, or with its degrees the wrong way round. Boxes cross no 180th
    meridian.
#}
{% macro lies_outside(latitude, longitude, box) -%}
    coalesce(
        {{ latitude }} not between {{ box }}.south and {{ box }}.north
        or {{ longitude }} not between {{ box }}.west and {{ box }}.east,
        false
    )
{%- endmacro %}


{#
    The columns `latitude`, `longitude` and `coordinates`, which are null unless both
    degrees are known: "lat, lon" in the published digits, the same on every warehouse.
#}
{% macro coordinates() -%}
    latitude_degrees as latitude,
        longitude_degrees as longitude,
        case
            when latitude_degrees is not null and longitude_degrees is not null
                then {{ trimmed('latitude') }} || ', ' || {{ trimmed('longitude') }}
        end as coordinates
{%- endmacro %}


{#
    The district by the lines that were in force on `day`. `lines` are the columns of a
    row's districts, each with the first day of its lines, none for the oldest, oldest
    first. Null without a day, and where the city does not tell the lines of that day.
#}
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

{# Every match of a pattern (RE2 syntax, no groups) replaced. #}
{% macro replace_all(column, pattern, replacement) -%}
    {{ return(adapter.dispatch('replace_all')(column, pattern, replacement)) }}
{%- endmacro %}

{% macro default__replace_all(column, pattern, replacement) -%}
    regexp_replace({{ column }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{% macro bigquery__replace_all(column, pattern, replacement) -%}
    regexp_replace({{ column }}, '{{ pattern }}', '{{ replacement }}')
{%- endmacro %}


{#
    Without accents, dots, apostrophes and hyphens; St., Ste., Ft. and Mt. in full.
    Blanks stand around each word, so that only whole words are written in full.
#}
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


{# A city's name, without a last word that only some sources write: "New York City". #}
{% macro plain_city(column) -%}
    {{ trimmed(replace_all(plain_words(column), ' (?:city|town|township) $', '')) }}
{%- endmacro %}


{# A county's name, without blanks: "DeKalb" and "De Kalb" are one. #}
{% macro plain_county(column) -%}
    replace({{ plain_words(column) }}, ' ', '')
{%- endmacro %}


{#
    The kind of county that ends a name, "Parish" of "Acadia Parish"; null where none
    does. The case counts: Carson City is a name, "Baltimore city" a kind.
#}
{% macro county_kind(column) -%}
    {{ trimmed(text_matching(column, county_kind_pattern())) }}
{%- endmacro %}

{% macro without_county_kind(column) -%}
    {{ replace_all(column, county_kind_pattern(), '') }}
{%- endmacro %}

{# The Census Bureau's words, and those of the Bureau of Labor Statistics. #}
{% macro county_kind_pattern() -%}
    {{ return(
        ' (?:County|Parish|Borough|Census Area|Municipality|Municipio|Planning Region'
        ~ '|City and Borough|city|County/city|County/town|Borough/city'
        ~ '|Borough/municipality)$'
    ) }}
{%- endmacro %}


{# Five digits of state and county, which may have lost their leading zeros. #}
{% macro county_fips(state, county) -%}
    {{ zero_padded(state, 2) }} || {{ zero_padded(county, 3) }}
{%- endmacro %}
