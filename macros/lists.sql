{% macro parts_of_lists(relation, keys, column, separator=';') -%}
    {{ return(
        adapter.dispatch('parts_of_lists')(relation, keys, column, separator)
    ) }}
{%- endmacro %}

{% macro default__parts_of_lists(relation, keys, column, separator) -%}
    select
        {{ keys | join(',\n        ') }},
        generate_subscripts(
            string_to_array({{ column }}, '{{ separator }}'), 1
        ) as position,
        unnest(string_to_array({{ column }}, '{{ separator }}')) as part
    from {{ relation }}
    where {{ column }} is not null
{%- endmacro %}

{% macro bigquery__parts_of_lists(relation, keys, column, separator) -%}
    select
        {{ keys | join(',\n        ') }},
        part_offset + 1 as position,
        part
    from {{ relation }}
    cross join unnest(split({{ column }}, '{{ separator }}')) as part
        with offset as part_offset
    where {{ column }} is not null
{%- endmacro %}
