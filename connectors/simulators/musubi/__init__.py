"""A Musubi custodian backend with institution and market makers played."""
