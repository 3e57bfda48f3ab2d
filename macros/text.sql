{% macro trimmed(column) -%}
    trim({{ column }}, ' {{ '\u00a0' }}')
{%- endmacro %}


{% macro clean_text(column) -%}
    nullif({{ trimmed(column) }}, '')
{%- endmacro %}


{% macro whole_number_code(column) -%}
    nullif(ltrim({{ without_decimals(column) }}, '0'), '')
{%- endmacro %}


{% macro zero_padded(column, length) -%}
    case
        when length({{ without_decimals(column) }}) >= {{ length }}
            then {{ without_decimals(column) }}  -- lpad would cut it
        else lpad(nullif({{ without_decimals(column) }}, ''), {{ length }}, '0')
    end
{%- endmacro %}


{# Most have none: a pattern is tried where there is a point. #}
{% macro without_decimals(column) -%}
    case
        when {{ column }} like '%.%'
            then regexp_replace({{ trimmed(column) }}, '[.]0+$', '')
        else {{ trimmed(column) }}
    end
{%- endmacro %}


{% macro text_matching(column, pattern) -%}
    {{ return(adapter.dispatch('text_matching')(column, pattern)) }}
{%- endmacro %}

{% macro default__text_matching(column, pattern) -%}
    nullif(regexp_extract({{ column }}, '{{ pattern }}'), '')
{%- endmacro %}

{% macro postgres__text_matching(column, pattern) -%}
    substring({{ column }} from '{{ pattern }}')
{%- endmacro %}


{% macro in_byte_order(column) -%}
    {{ return(adapter.dispatch('in_byte_order')(column)) }}
{%- endmacro %}

{% macro default__in_byte_order(column) %}{{ column }}{% endmacro %}
{% macro postgres__in_byte_order(column) %}{{ column }} collate "C"{% endmacro %}
