"""Programs of others, as examples: they use no module of this project."""
