"""Pure deciders, run by an engine."""
