"""Faithful simulators of venues, with faults by name."""
