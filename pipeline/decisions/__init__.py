"""What was asked and answered, kept for people: the sink of both topics, and what a person is shown."""
