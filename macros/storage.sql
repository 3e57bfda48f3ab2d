{# How a fact is stored: partitions, order and indexes, as each warehouse has them. #}

{# A fact's partitions, where the warehouse has them: months of a date. #}
{% macro month_partition(column) -%}
    {{ return(adapter.dispatch('month_partition')(column)) }}
{%- endmacro %}

{% macro default__month_partition(column) %}{{ return(none) }}{% endmacro %}

{% macro bigquery__month_partition(column) -%}
    {{ return({'field': column, 'data_type': 'date', 'granularity': 'month'}) }}
{%- endmacro %}


{#
    Clusters a fact where the warehouse has no clustering of its own: DuckDB keeps rows
    in the order in which they were written.
#}
{% macro in_storage_order(columns) -%}
    {{ return(adapter.dispatch('in_storage_order')(columns)) }}
{%- endmacro %}

{% macro default__in_storage_order(columns) %}{% endmacro %}

{% macro duckdb__in_storage_order(columns) -%}
    order by {{ columns | join(', ') }}
{%- endmacro %}


{# Indexes, where the warehouse needs them; DuckDB could have some, and keeps minima. #}
{% macro postgres_indexes(indexes) -%}
    {{ return(adapter.dispatch('postgres_indexes')(indexes)) }}
{%- endmacro %}

{% macro default__postgres_indexes(indexes) %}{{ return([]) }}{% endmacro %}
{% macro postgres__postgres_indexes(indexes) %}{{ return(indexes) }}{% endmacro %}
