"""Stores: what they decide without a database."""
