-- dlt puts values of another type than their column's into a column of its own, named
-- `<column>__v_<type>`: no model would see them. Raw tables are all text, so none may
-- be.
{% set schemas = [] %}
{% for city in incident_cities() -%}
{% do schemas.append(source(city, 'incidents').schema) %}
{%- endfor %}
{% for source_name, entity in whole_file_entities() -%}
{% do schemas.append(source(source_name, entity).schema) %}
{%- endfor %}

with raw_columns as (

    {{ columns_of_schemas(schemas) }}

)

select *
from raw_columns
where strpos(lower(column_name), '__v_') > 0
