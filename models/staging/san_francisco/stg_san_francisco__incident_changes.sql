{{ config(enabled=is_chosen('san_francisco')) }}

{{ staged_changes(source('san_francisco', 'incidents_changes')) }}
