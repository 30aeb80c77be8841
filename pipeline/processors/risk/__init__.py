"""Answers decision_requested by the policy, and keeps what was accepted and what became of it."""
