"""The Musubi network's custodian API."""
