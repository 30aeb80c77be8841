"""Tests of the transports: decoder, back-off, tokens, REST, event stream."""
