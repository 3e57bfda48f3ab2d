"""dbt's models and checks."""
