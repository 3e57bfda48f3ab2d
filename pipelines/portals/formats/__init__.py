"""Parse published files into tables of text."""
