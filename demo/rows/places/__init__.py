"""Places for made-up rows: cities and counties, streets, and adjoining areas."""
