"""SSE, bearer tokens and REST: what every venue's connector stands on."""
