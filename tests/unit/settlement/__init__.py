"""The settlement processor without any engine."""
