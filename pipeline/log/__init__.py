"""Bytes to events and back: strict JSON, envelope, codec, topics. Pure."""
