{% macro rounded(expression, decimals=2) -%}
    round(cast({{ expression }} as {{ dbt.type_numeric() }}), {{ decimals }})
{%- endmacro %}


{% macro percent_of(part, whole, decimals=2) -%}
    case
        when not {{ is_small_base(whole) }}
            then {{ rounded('100.0 * ' ~ part ~ ' / nullif(' ~ whole ~ ', 0)', decimals) }}
    end
{%- endmacro %}


{% macro difference_pct(number, usual, base=none) -%}
    case
        when not {{ is_small_base(base or usual) }}
            then {{ rounded('100.0 * ' ~ number ~ ' / nullif(' ~ usual ~ ', 0) - 100') }}
    end
{%- endmacro %}


{% macro per_million(count, population) -%}
    case
        when not {{ is_small_base(count) }}
            then {{ rounded('1000000.0 * ' ~ count ~ ' / nullif(' ~ population ~ ', 0)') }}
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
