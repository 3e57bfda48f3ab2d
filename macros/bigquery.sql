{# What keeps BigQuery, which bills the bytes that it reads, to the months concerned. #}

{#
    Overrides dbt's own for a table partitioned by month: its merge would read the whole
    of it. A changed row may have moved to another month, so the months are those in
    which the rows to be replaced lie now. As literals: nothing else prunes partitions.
#}
{% macro bigquery__get_merge_sql(
    target, source, unique_key, dest_columns, incremental_predicates=none
) -%}
    {%- set predicates = [] + (incremental_predicates or []) -%}
    {%- set partition = config.get('partition_by') -%}
    {%- if partition and unique_key -%}
        {%- do predicates.append(
            in_months(
                'DBT_INTERNAL_DEST.' ~ partition.field,
                months_to_replace(target, source, unique_key, partition.field)
            )
        ) -%}
    {%- endif -%}
    {{ dbt.default__get_merge_sql(
        target, source, unique_key, dest_columns, predicates
    ) }}
{%- endmacro %}


{#
    First and last days, as text, of the months in which `source` has rows to replace;
    nulls for rows without a day.
#}
{% macro months_to_replace(target, source, unique_key, field) -%}
    {%- set query -%}
        select distinct
            format_date('%Y-%m-01', {{ field }}) as first_day,
            format_date('%Y-%m-%d', last_day({{ field }})) as last_day
        from {{ target }}
        where
            {{ unique_key }} in (select {{ unique_key }} from {{ source }})
            and ({{ field }} is not null or {{ field }} is null)
        order by first_day
    {%- endset -%}
    {{ return(run_query(query).rows) }}
{%- endmacro %}


{# A condition: a date lies in one of the months, or is null where one of them is. #}
{% macro in_months(column, months) -%}
    {%- set conditions = [] -%}
    {%- for first_day, last_day in months -%}
        {%- if first_day is none -%}
            {%- do conditions.append(column ~ ' is null') -%}
        {%- else -%}
            {%- do conditions.append(
                column ~ " between date '" ~ first_day ~ "' and date '" ~ last_day ~ "'"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(conditions | join(' or ') or 'false') }}
{%- endmacro %}
