"""The published contract: event classes and the JSON Schemas generated from them."""
