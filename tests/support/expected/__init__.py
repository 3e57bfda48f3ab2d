"""What is expected, worked out without the code that is tested."""
