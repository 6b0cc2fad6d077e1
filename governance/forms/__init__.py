"""What is filled in about bulletins."""
