{{ config(enabled=is_chosen('chicago')) }}

{{ staged_boundaries(
    source('chicago', 'neighborhood_boundaries'),
    city='chicago',
    area_kind='neighborhood',
    area_name=whole_number_code('area_numbe'),
    others={'published_name': clean_text('community')},
) }}
