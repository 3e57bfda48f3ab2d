{# Rounded by decimal arithmetic, so alike on every warehouse. #}
{% macro rounded(expression, decimals=2) -%}
    round(cast({{ expression }} as {{ dbt.type_numeric() }}), {{ decimals }})
{%- endmacro %}


{# `part` in percent of `whole`; null of a small whole. #}
{% macro percent_of(part, whole, decimals=2) -%}
    case
        when not {{ is_small_base(whole) }}
            then {{ rounded('100.0 * ' ~ part ~ ' / nullif(' ~ whole ~ ', 0)', decimals) }}
    end
{%- endmacro %}


{# By how many percent `number` differs from `usual`; null of a small `base`. #}
{% macro difference_pct(number, usual, base=none) -%}
    case
        when not {{ is_small_base(base or usual) }}
            then {{ rounded('100.0 * ' ~ number ~ ' / nullif(' ~ usual ~ ', 0) - 100') }}
    end
{%- endmacro %}


{# Per million residents, two decimals; null of a small count, without a population. #}
{% macro per_million(count, population) -%}
    case
        when not {{ is_small_base(count) }}
            then {{ rounded('1000000.0 * ' ~ count ~ ' / nullif(' ~ population ~ ', 0)') }}
    end
{%- endmacro %}


{#
    Fewer than 20: the National Center for Health Statistics calls rates on fewer deaths
    unreliable, since chance alone moves them by a quarter and more.
#}
{% macro is_small_number(count) -%}
    {{ count }} < 20
{%- endmacro %}


{#
    Of so few cases no rate, share or change is told. Apart from the former, which is a
    column, so that a unit test of the arithmetic can do without twenty rows.
#}
{% macro is_small_base(count) -%}
    ({{ is_small_number(count) }})
{%- endmacro %}


{#
    Too few incidents to be told apart at one place (neighborhood, beat, block) where
    sex offenses or the like are among them: who knows the place may know the victim.
    Chicago, too, leaves out cells of fewer than three.
#}
{% macro is_small_cell(count) -%}
    {{ count }} < 3
{%- endmacro %}
