"""The engines' parts that need no service."""
