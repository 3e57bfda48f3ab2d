"""Make the warehouse what the portal shows."""
