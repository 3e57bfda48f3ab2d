{# Casts of published text. What does not parse becomes null, and is flagged. #}

{% macro duckdb__safe_cast(field, type) -%}
    try_cast({{ field }} as {{ type }})
{%- endmacro %}

{#
    PostgreSQL has a cast that does not fail from version 16 on; here a pattern says
    beforehand what a cast would take. For unit tests dbt casts numbers so, too, and to
    types that no model casts to.
#}
{% macro postgres__safe_cast(field, type) -%}
    {%- set pattern = castable(type) -%}
    {%- if pattern -%}
    case
        when cast({{ field }} as text) ~ '{{ pattern }}'
            then cast({{ field }} as {{ type }})
    end
    {%- else -%}
    cast({{ field }} as {{ type }})
    {%- endif -%}
{%- endmacro %}

{% macro castable(type) -%}
    {%- set month_and_day =
        '(?:0?[13578]|1[02])-(?:0?[1-9]|[12][0-9]|3[01])'
        ~ '|(?:0?[469]|11)-(?:0?[1-9]|[12][0-9]|30)'
        ~ '|0?2-(?:0?[1-9]|1[0-9]|2[0-8])'
    -%}
    {%- set leap_year =
        '[0-9]{2}(?:0[48]|[2468][048]|[13579][26])'
        ~ '|(?:[02468][048]|[13579][26])00'
    -%}
    {%- set day =
        '(?!0000)(?:[0-9]{4}-(?:' ~ month_and_day ~ ')|(?:' ~ leap_year ~ ')-0?2-29)'
    -%}
    {%- set time =
        '(?:[01]?[0-9]|2[0-3]):[0-5]?[0-9](?::[0-5]?[0-9](?:[.][0-9]{0,6})?)?'
    -%}
    {%- set number =
        ' *[-+]?(?:[0-9]{1,200}(?:[.][0-9]{0,99})?|[.][0-9]{1,99})'
        ~ '(?:[eE][-+]?[0-9]{1,2})? *'
    -%}
    {%- set looks = {
        'integer': '[-+]?[0-9]{1,9}',
        'double precision': number,
        'date': day,
        'timestamp': day ~ '(?:[ T]' ~ time ~ ')?',
    }.get(type) -%}
    {{ return('^(?:' ~ looks ~ ')$' if looks else none) }}
{%- endmacro %}


{% macro default__type_numeric() %}{{ return('numeric(38, 9)') }}{% endmacro %}

{% macro default__type_int() %}{{ return('integer') }}{% endmacro %}
{% macro bigquery__type_int() %}{{ return('int64') }}{% endmacro %}


{% macro type_double() -%}
    {{ return(adapter.dispatch('type_double')()) }}
{%- endmacro %}

{% macro default__type_double() %}{{ return('double precision') }}{% endmacro %}
{% macro bigquery__type_double() %}{{ return('float64') }}{% endmacro %}


{% macro type_local_timestamp() -%}
    {{ return(adapter.dispatch('type_local_timestamp')()) }}
{%- endmacro %}

{% macro default__type_local_timestamp() %}{{ return('timestamp') }}{% endmacro %}
{% macro bigquery__type_local_timestamp() %}{{ return('datetime') }}{% endmacro %}


{% macro type_instant() -%}
    {{ return(adapter.dispatch('type_instant')()) }}
{%- endmacro %}

{% macro default__type_instant() %}{{ return('timestamptz') }}{% endmacro %}
{% macro bigquery__type_instant() %}{{ return('timestamp') }}{% endmacro %}


{% macro as_number(column) -%}
    {{ dbt.safe_cast(column, type_double()) }}
{%- endmacro %}


{# By its digits: DuckDB would round 41.5 and read 4e1. #}
{% macro as_whole_number(column) -%}
    {{ dbt.safe_cast(
        text_matching(published_number(column), '^-?[0-9]{1,9}$'), dbt.type_int()
    ) }}
{%- endmacro %}

{% macro published_number(column) -%}
    nullif(
        nullif(replace({{ without_decimals(column) }}, ',', ''), ''), 'N.A.'
    )
{%- endmacro %}


{% macro as_local_timestamp(column) -%}
    {{ return(adapter.dispatch('as_local_timestamp')(column)) }}
{%- endmacro %}

{# DuckDB has years before Christ and beyond 9999, and infinity. #}
{% macro default__as_local_timestamp(column) -%}
    {%- set parsed = dbt.safe_cast(column, type_local_timestamp()) -%}
    case when extract(year from {{ parsed }}) between 1 and 9999 then {{ parsed }} end
{%- endmacro %}

{# The pattern of its cast takes years of four digits alone. #}
{% macro postgres__as_local_timestamp(column) -%}
    {{ dbt.safe_cast(column, type_local_timestamp()) }}
{%- endmacro %}


{# By its looks: DuckDB would read 29/02/20 as a day, too. #}
{% macro as_date(column) -%}
    {{ dbt.safe_cast(
        text_matching(
            trimmed(column), '^(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}'
        ),
        'date'
    ) }}
{%- endmacro %}


{% macro as_boolean(column) -%}
    case
        when lower({{ trimmed(column) }}) in ('true', 't', 'yes', 'y', '1') then true
        when lower({{ trimmed(column) }}) in ('false', 'f', 'no', 'n', '0') then false
    end
{%- endmacro %}


{% macro as_degrees(column, bound) -%}
    case
        when {{ as_number(column) }} between -{{ bound }} and {{ bound }}
            then {{ as_number(column) }}
    end
{%- endmacro %}


{# In branches: what was published is looked at only where it did not parse. #}
{% macro is_unparsed(published, parsed) -%}
    case
        when {{ parsed }} is null then {{ clean_text(published) }} is not null
        else false
    end
{%- endmacro %}

{% macro is_unparsed_number(published, parsed) -%}
    case
        when {{ parsed }} is null then {{ published_number(published) }} is not null
        else false
    end
{%- endmacro %}
