"""The checks that rules can use, one module per theme; each check is a value with a name, typed parameters and one sentence."""
