"""Read published files: their bytes as tables of text."""
