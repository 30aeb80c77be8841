"""Providers of reference rates: a JSON document behind an address, or in a file."""
