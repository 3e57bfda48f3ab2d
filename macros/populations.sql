{#
    The columns of persons in the Census Bureau's county files: the total, and men and
    women of each race, and of those that are not Hispanic (`nh...`).
#}
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
