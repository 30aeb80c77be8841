"""The test kit: drivers, exams, strategies."""
