"""What a running role shows of itself: logs without secrets, metrics, health."""
