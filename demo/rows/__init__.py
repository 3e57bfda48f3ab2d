"""Made-up rows, one module a publisher."""
