"""Roles as processes: one of them in this process, or several as supervised children."""
