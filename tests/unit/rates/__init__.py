"""Providers of reference rates."""
