{{ config(enabled=is_chosen('chicago')) }}

{{ staged_changes(source('chicago', 'incidents_changes')) }}
