{{ staged_changes(source('san_francisco', 'incidents_changes')) }}
