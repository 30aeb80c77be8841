"""Every record of every topic, verbatim, in PostgreSQL."""
