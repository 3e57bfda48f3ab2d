"""Read police-incident open data from city portals into a warehouse."""
