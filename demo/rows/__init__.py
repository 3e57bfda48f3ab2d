"""Made-up rows, one module per publisher."""
