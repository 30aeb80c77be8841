"""Replays without any database."""
