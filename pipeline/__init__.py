"""What holds for every venue and every store: facts, events, processors and the loops that run them."""
