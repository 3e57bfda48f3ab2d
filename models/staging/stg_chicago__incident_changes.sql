{{ staged_changes(source('chicago', 'incidents_changes')) }}
