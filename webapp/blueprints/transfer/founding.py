"""New form from a file."""
