"""Rates and latencies of the product, each beside a plain program that does the bare work: `make bench`."""
