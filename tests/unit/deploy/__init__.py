"""The files under infra/deploy against their schemas and against what the product really is."""
