"""Follows each intent from first sight to its end: asks for decisions, issues commands."""
