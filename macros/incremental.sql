{# What an incremental model reads, and what it deletes. #}

{% macro newest_by_city(relation, column) -%}
    {%- if execute -%}
        {%- set query -%}
            select
                city,
                cast(max({{ column }}) as {{ dbt.type_string() }}) as newest
            from {{ relation }}
            group by city
            order by city
        {%- endset -%}
        {{ return(run_query(query).rows) }}
    {%- endif -%}
{%- endmacro %}


{% macro is_newer_than(newest, column) -%}
    {%- if not execute -%}
        true
    {%- else -%}
        (
        {%- for city, instant in newest %}
        (
            city = '{{ city }}'
            and {{ column }} > cast('{{ instant }}' as {{ type_instant() }})
        ) or
        {%- endfor %}
        city not in (
            {%- for city, instant in newest %}'{{ city }}', {% endfor -%}
        '')
        )
    {%- endif -%}
{%- endmacro %}


{% macro in_partitions_of(relation, condition) -%}
    {{ return(adapter.dispatch('in_partitions_of')(relation, condition)) }}
{%- endmacro %}

{% macro default__in_partitions_of(relation, condition) %}{{ return('') }}{% endmacro %}


{% macro delete_removed_incidents(relation) -%}
    {{ return(adapter.dispatch('delete_removed_incidents')(relation)) }}
{%- endmacro %}

{% macro default__delete_removed_incidents(relation) -%}
    delete from {{ relation }}
    where incident_id in ({{ removed_incidents() }})
{%- endmacro %}

{% macro removed_incidents() -%}
    select incident_id from {{ ref('int_removed_incidents') }}
{%- endmacro %}


{% macro build_instant(relation=none) -%}
    {%- set started = "cast('" ~ run_started_at ~ "' as " ~ type_instant() ~ ")" -%}
    {%- if relation -%}
    (
        select
            greatest(
                {{ started }},
                coalesce({{ just_after('max(built_at)') }}, {{ started }})
            )
        from {{ relation }}
    )
    {%- else -%}
    {{ started }}
    {%- endif -%}
{%- endmacro %}


{#
    What is null is compared as an empty text: `or ... is null` keeps PostgreSQL from
    joining, and it compares each row with each.
#}
{% macro touched_by_build(relation, column) -%}
    {%- if execute and env_var('BLOTTER_TESTS', '') == 'built' -%}
    where
        coalesce({{ column }}, '') in (
            select coalesce({{ column }}, '') from {{ relation }}
            where built_at = (select max(built_at) from {{ relation }})
        )
    {%- endif -%}
{%- endmacro %}


{% macro just_after(instant) -%}
    {{ return(adapter.dispatch('just_after')(instant)) }}
{%- endmacro %}

{% macro default__just_after(instant) -%}
    {{ instant }} + interval '1 microsecond'
{%- endmacro %}

{% macro bigquery__just_after(instant) -%}
    timestamp_add({{ instant }}, interval 1 microsecond)
{%- endmacro %}
