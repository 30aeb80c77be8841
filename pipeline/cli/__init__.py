"""The command line program custodian."""
