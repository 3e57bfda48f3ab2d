{{ config(enabled=is_chosen('cambridge')) }}

{{ staged_changes(source('cambridge', 'incidents_changes')) }}
