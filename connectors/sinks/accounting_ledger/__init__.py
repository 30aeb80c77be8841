"""Double-entry books in PostgreSQL."""
