{% macro population_columns() -%}
    {%- set columns = ['tot_pop', 'tot_male', 'tot_female'] -%}
    {%- for group in [
        'wa', 'ba', 'ia', 'aa', 'na', 'tom',
        'nhwa', 'nhba', 'nhia', 'nhaa', 'nhna', 'nhtom', 'h',
    ] -%}
        {%- do columns.extend([group ~ '_male', group ~ '_female']) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
