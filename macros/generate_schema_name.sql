{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ env_var('BLOTTER_CHECK_PREFIX', '') or env_var('BLOTTER_PREFIX', '') }}
    {{- custom_schema_name or target.schema }}
{%- endmacro %}
