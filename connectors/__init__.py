"""What knows one outside system."""
