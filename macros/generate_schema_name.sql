{#
    Schemas bear the names the project gives them, `staging`, `marts`, after the prefix
    that sets them apart from others in the same database, BLOTTER_PREFIX. The check of
    a change builds in schemas of its own, BLOTTER_CHECK_PREFIX.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ env_var('BLOTTER_CHECK_PREFIX', '') or env_var('BLOTTER_PREFIX', '') }}
    {{- custom_schema_name or target.schema }}
{%- endmacro %}
