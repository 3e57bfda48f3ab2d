{{ staged_changes(source('memphis', 'incidents_changes')) }}
