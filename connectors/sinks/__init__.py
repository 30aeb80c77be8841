"""Where settled and archived records go."""
