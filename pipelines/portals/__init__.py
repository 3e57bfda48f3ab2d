"""Read rows from portals, page by page."""
