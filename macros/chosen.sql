{# What an installation has of what is declared, as Python tells by BLOTTER_DATASETS. #}

{% macro chosen_datasets() -%}
    {%- set told = var('chosen', []) -%}
    {%- if not told -%}
    {{ exceptions.raise_compiler_error(
        'The variable `chosen` is not set: let `blotter build` call dbt, or give dbt '
        ~ '`--vars "$(blotter list --vars)"`.'
    ) }}
    {%- endif -%}
    {{ return(told) }}
{%- endmacro %}


{% macro is_chosen(source_name) -%}
    {%- set found = namespace(is_one=false) -%}
    {%- for dataset in chosen_datasets() if dataset.startswith(source_name ~ '__') -%}
    {%- set found.is_one = true -%}
    {%- endfor -%}
    {{ return(found.is_one) }}
{%- endmacro %}


{% macro incident_cities() -%}
    {%- set cities = [] -%}
    {%- for dataset in chosen_datasets() if dataset.endswith('__incidents') -%}
    {%- do cities.append(dataset.split('__')[0]) -%}
    {%- endfor -%}
    {{ return(cities) }}
{%- endmacro %}


{% macro boundary_entities() -%}
    {%- set entities = [] -%}
    {%- for dataset in chosen_datasets() if dataset.endswith('_boundaries') -%}
    {%- do entities.append(dataset.split('__')) -%}
    {%- endfor -%}
    {{ return(entities) }}
{%- endmacro %}


{% macro is_of_chosen_city(column) -%}
    {{ column }} in ('{{ incident_cities() | join("', '") }}')
{%- endmacro %}
