"""What runs a processor: Faust, and in memory for tests."""
