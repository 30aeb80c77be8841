"""What the sinks decide without a database."""
