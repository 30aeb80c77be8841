"""Kills, cuts, contradictions and bad input against the whole pipeline on real services."""
