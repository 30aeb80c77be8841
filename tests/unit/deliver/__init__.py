"""The batch loop on doubles."""
