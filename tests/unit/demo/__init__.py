"""What the demo says and does."""
