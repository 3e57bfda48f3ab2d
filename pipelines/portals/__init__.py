"""Read a portal, page by page."""
