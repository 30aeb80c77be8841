"""The policy of a risk officer: read from a file, checked, and applied to questions by pure functions."""
