"""Programs that tests start: warehouses, browser, container, Metabase."""
