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


{% macro drop_check_schemas(prefix) %}
    {% if not modules.re.fullmatch('([a-z][a-z0-9_]*_)?check_[a-z0-9]+_', prefix) %}
        {{ exceptions.raise_compiler_error(prefix ~ ' is not the prefix of a check') }}
    {% endif %}
    {% for found in list_schemas(target.database) %}
        {# A row of a statement's result, or a name. #}
        {% set name = found if found is string else found[0] %}
        {% if name.startswith(prefix) %}
            {% do adapter.drop_schema(
                api.Relation.create(database=target.database, schema=name)
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
