{{ config(enabled=is_chosen('memphis')) }}

{{ staged_changes(source('memphis', 'incidents_changes')) }}
