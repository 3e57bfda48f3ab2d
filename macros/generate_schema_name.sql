{# Schemas bear the names the project gives them: `staging`, `marts`; no prefix. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
