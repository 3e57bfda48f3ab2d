{% macro nibrs_code(column) -%}
    {{ text_matching(
        'upper(' ~ trimmed(column) ~ ')',
        '^(?:09[ABC]|100|11[ABCD]|120|13[ABC]|200|210|220|23[A-H]|240|250|26[A-H]|270'
        ~ '|280|290|35[AB]|36[AB]|370|39[A-D]|40[ABC]|510|520|64[AB]|720|90[A-HJZ])$'
    ) }}
{%- endmacro %}
