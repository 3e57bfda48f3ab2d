{{ config(enabled=is_chosen('cambridge')) }}

{{ staged_boundaries(
    source('cambridge', 'neighborhood_boundaries'),
    city='cambridge',
    area_kind='neighborhood',
    area_name=clean_text('name'),
    others={'neighborhood_number': whole_number_code('n_hood')},
) }}
