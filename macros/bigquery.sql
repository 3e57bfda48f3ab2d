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
                months_of_rows(
                    target,
                    unique_key,
                    'select ' ~ unique_key ~ ' from ' ~ source,
                    partition.field
                )
            )
        ) -%}
    {%- endif -%}
    {{ dbt.default__get_merge_sql(
        target, source, unique_key, dest_columns, predicates
    ) }}
{%- endmacro %}


{% macro months_of_rows(relation, key, keys, field) -%}
    {%- set query -%}
        select distinct
            format_date('%Y-%m-01', {{ field }}) as first_day,
            format_date('%Y-%m-%d', last_day({{ field }})) as last_day
        from {{ relation }}
        where
            {{ key }} in ({{ keys }})
            and ({{ field }} is not null or {{ field }} is null)
        order by first_day
    {%- endset -%}
    {{ return(run_query(query).rows if execute else []) }}
{%- endmacro %}


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


{% macro bigquery__in_partitions_of(relation, condition) -%}
    {%- set query -%}
        select distinct format_date('%Y-%m-%d', window_month) as first_day
        from {{ relation }}
        where window_month is not null and {{ condition }}
        order by first_day
    {%- endset -%}
    {%- set days = run_query(query).columns[0].values() if execute else [] -%}
    {%- set conditions = ['window_month is null'] -%}
    {%- for day in days -%}
        {%- do conditions.append("window_month = date '" ~ day ~ "'") -%}
    {%- endfor -%}
    {{ return('and (' ~ conditions | join(' or ') ~ ')') }}
{%- endmacro %}


{# Looks first: a delete reads, and is billed for, whole partitions. #}
{% macro bigquery__delete_removed_incidents(relation) -%}
    {%- set months = months_of_rows(
        relation, 'incident_id', removed_incidents(), 'occurred_date'
    ) -%}
    {%- if months -%}
    delete from {{ relation }}
    where
        incident_id in ({{ removed_incidents() }})
        and ({{ in_months('occurred_date', months) }})
    {%- endif -%}
{%- endmacro %}
