{{ config(enabled=is_chosen('san_francisco')) }}

{{ staged_boundaries(
    source('san_francisco', 'neighborhood_boundaries'),
    city='san_francisco',
    area_kind='neighborhood',
    area_name=clean_text('nhood'),
) }}
