{{ staged_changes(source('cambridge', 'incidents_changes')) }}
