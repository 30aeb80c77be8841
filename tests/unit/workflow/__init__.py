"""The workflow processor without any engine."""
