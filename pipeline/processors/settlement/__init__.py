"""Emits order_settled once per booking key."""
