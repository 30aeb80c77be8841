"""What users are promised, on the whole pipeline as they run it."""
