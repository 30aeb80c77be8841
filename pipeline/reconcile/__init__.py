"""Comparisons of what two records of the same truth say: pure, without I/O."""
