{# `part` in percent of `whole`; null without a whole. #}
{% macro percent_of(part, whole, decimals=2) -%}
    round(
        cast(
            100.0 * {{ part }} / nullif({{ whole }}, 0) as {{ dbt.type_numeric() }}
        ),
        {{ decimals }}
    )
{%- endmacro %}


{# Per million residents, two decimals; null without a population. #}
{% macro per_million(count, population) -%}
    round(
        cast(
            1000000.0 * {{ count }} / nullif({{ population }}, 0)
            as {{ dbt.type_numeric() }}
        ),
        2
    )
{%- endmacro %}


{#
    Fewer than 20: the National Center for Health Statistics calls rates on fewer deaths
    unreliable, since chance alone moves them by a quarter and more.
#}
{% macro is_small_number(count) -%}
    {{ count }} < 20
{%- endmacro %}


{#
    Too few incidents to be told apart at one place (neighborhood, beat, block) where
    sex offenses or the like are among them: who knows the place may know the victim.
    Chicago, too, leaves out cells of fewer than three.
#}
{% macro is_small_cell(count) -%}
    {{ count }} < 3
{%- endmacro %}
