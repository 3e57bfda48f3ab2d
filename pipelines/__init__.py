"""Read police-incident open data from city portals into a warehouse."""

__version__ = "0.1.0"
