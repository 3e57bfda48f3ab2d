{% macro age_group(column) -%}
    case
        when {{ column }} < 18 then 'under 18'
        when {{ column }} < 30 then '18 to 29'
        when {{ column }} < 45 then '30 to 44'
        when {{ column }} < 60 then '45 to 59'
        when {{ column }} >= 60 then '60 and over'
        else 'not recorded'
    end
{%- endmacro %}


{% macro yes_or_no(column) -%}
    case {{ column }}
        when true then 'yes'
        when false then 'no'
        else 'not recorded'
    end
{%- endmacro %}


{% macro whole_file_entities() -%}
    {{ return([
        ('washington_post', 'shootings'),
        ('washington_post', 'agencies'),
        ('census', 'county_population'),
        ('bls', 'county_unemployment'),
        ('simplemaps', 'cities'),
    ] + boundary_entities()) }}
{%- endmacro %}
