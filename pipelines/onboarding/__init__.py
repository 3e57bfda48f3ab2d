"""From an address to a city: what `blotter add` asks, finds and writes."""
