{# How a fact is stored: partitions and indexes, as each warehouse has them. #}

{% macro month_partition(column) -%}
    {{ return(adapter.dispatch('month_partition')(column)) }}
{%- endmacro %}

{% macro default__month_partition(column) %}{{ return(none) }}{% endmacro %}

{% macro bigquery__month_partition(column) -%}
    {{ return({'field': column, 'data_type': 'date', 'granularity': 'month'}) }}
{%- endmacro %}


{% macro postgres_indexes(indexes) -%}
    {{ return(adapter.dispatch('postgres_indexes')(indexes)) }}
{%- endmacro %}

{% macro default__postgres_indexes(indexes) %}{{ return([]) }}{% endmacro %}
{% macro postgres__postgres_indexes(indexes) %}{{ return(indexes) }}{% endmacro %}
