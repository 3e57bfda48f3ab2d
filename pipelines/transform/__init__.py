"""Build and test the models: dbt, in this process."""
