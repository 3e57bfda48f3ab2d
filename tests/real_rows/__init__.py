"""What needs real rows, which are no part of the project."""
