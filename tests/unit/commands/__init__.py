"""Tests of the commands: the decision table, the venue's clock, and the accept calls."""
