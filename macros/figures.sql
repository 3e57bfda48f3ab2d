{% macro rounded(expression, decimals=2) -%}
    round(cast({{ expression }} as {{ dbt.type_numeric() }}), {{ decimals }})
{%- endmacro %}


{% macro percent_of(part, whole, decimals=2) -%}
    {%- set percent = '100.0 * ' ~ part ~ ' / nullif(' ~ whole ~ ', 0)' -%}
    case
        when not {{ is_small_base(whole) }} then {{ rounded(percent, decimals) }}
    end
{%- endmacro %}


{% macro difference_pct(number, usual, base=none) -%}
    {%- set percent = '100.0 * ' ~ number ~ ' / nullif(' ~ usual ~ ', 0) - 100' -%}
    case
        when not {{ is_small_base(base or usual) }} then {{ rounded(percent) }}
    end
{%- endmacro %}


{% macro per_million(count, population) -%}
    {%- set rate = '1000000.0 * ' ~ count ~ ' / nullif(' ~ population ~ ', 0)' -%}
    case
        when not {{ is_small_base(count) }} then {{ rounded(rate) }}
    end
{%- endmacro %}


{% macro is_small_number(count) -%}
    {{ count }} < 20
{%- endmacro %}


{% macro is_small_base(count) -%}
    ({{ is_small_number(count) }})
{%- endmacro %}


{% macro is_small_cell(count) -%}
    {{ count }} < 3
{%- endmacro %}
