{{ config(enabled=is_chosen('memphis')) }}

-- Incidents name it in capitals and without dots.
{% set area_name = "upper(replace(" ~ clean_text('precinct') ~ ", '.', ''))" -%}

{{ staged_boundaries(
    source('memphis', 'district_boundaries'),
    city='memphis',
    area_kind='police_district',
    area_name=area_name,
) }}
