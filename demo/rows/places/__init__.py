"""Where made-up rows lie: cities and counties, streets, and areas that share edges."""
