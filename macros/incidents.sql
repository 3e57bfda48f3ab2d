{# The cities whose rows are in the marts. A new city is one word here. #}
{% macro incident_cities() -%}
    {{ return(['san_francisco', 'chicago', 'memphis', 'cambridge']) }}
{%- endmacro %}


{#
    All cities' incidents of a layer, `base` or `stg`: a key, one set of columns and, after
    these, `others`. A row without a number is an incident of its own.
#}
{% macro unioned_incidents(layer, others) -%}
    {% for city in incident_cities() -%}
    select
        city || ':' || row_id as incident_id,
        {% for column in incident_columns() -%}
        {% if column == 'counting_id' -%}
        coalesce(counting_id, row_id) as counting_id,
        {% else -%}
        {{ column }},
        {% endif -%}
        {% endfor -%}
        {{ others | join(',\n        ') }}
    from {{ ref(layer ~ '_' ~ city ~ '__incidents') }}
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
{%- endmacro %}


{# The columns that every city's incidents have, in one order. #}
{% macro incident_columns() -%}
    {{ return([
        'city', 'row_id', 'incident_number', 'counting_id', 'is_supplement',
        'occurred_at_local', 'occurred_date', 'reported_at_local', 'report_date',
        'incident_category', 'incident_subcategory', 'incident_description',
        'published_offense_code', 'offense_code', 'report_type', 'resolution',
        'filing_status', 'is_arrest', 'is_domestic', 'reported_city',
        'police_district', 'beat', 'council_district', 'present_council_district',
        'neighborhood', 'place', 'location_kind', 'latitude', 'longitude', 'coordinates', 'has_unparsed_values', 'loaded_at',
    ]) }}
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


{# Those that are a day, each with the time that it is taken from. #}
{% macro day_columns() -%}
    {{ return({
        'occurred_date': 'occurred_at_local', 'report_date': 'reported_at_local'
    }) }}
{%- endmacro %}


{# The columns whose values before and after a change are kept. #}
{% macro logged_columns() -%}
    {{ return([
        'incident_category', 'resolution', 'police_district', 'council_district',
        'neighborhood', 'occurred_at_local', 'reported_at_local',
    ]) }}
{%- endmacro %}


{# The type of one of them: PostgreSQL takes a bare null for text. #}
{% macro logged_type(column) -%}
    {{ return(
        type_local_timestamp() if column.endswith('_at_local') else dbt.type_string()
    ) }}
{%- endmacro %}


{# The newest `column` that `relation` holds of each city. #}
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


{#
    A condition: `column` is later than its city's instant in `newest`. The bounds are
    literals, so that a warehouse skips the old part of the raw tables; by city, since
    the rows of a load that was interrupted yesterday and finished today are older than
    what other cities loaded meanwhile.
#}
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


{#
    More of a condition on raw rows: the partitions in which some meet it. A warehouse
    that bills the bytes it reads looks first for the months, which takes two columns.
#}
{% macro in_partitions_of(relation, condition) -%}
    {{ return(adapter.dispatch('in_partitions_of')(relation, condition)) }}
{%- endmacro %}

{% macro default__in_partitions_of(relation, condition) %}{{ return('') }}{% endmacro %}


{# Deletes the rows that the portals no longer show; they lie in no month. #}
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


{# Schema, table and name of every column of the schemas. #}
{% macro columns_of_schemas(schemas) -%}
    {{ return(adapter.dispatch('columns_of_schemas')(schemas)) }}
{%- endmacro %}

{% macro default__columns_of_schemas(schemas) -%}
    select
        table_schema,
        table_name,
        column_name
    from information_schema.columns
    where table_schema in ('{{ schemas | join("', '") }}')
{%- endmacro %}

{# Each schema has its own. #}
{% macro bigquery__columns_of_schemas(schemas) -%}
    {% for schema in schemas -%}
    select
        table_schema,
        table_name,
        column_name
    from `{{ schema }}`.INFORMATION_SCHEMA.COLUMNS
    {{ 'union all' if not loop.last }}
    {% endfor -%}
{%- endmacro %}
