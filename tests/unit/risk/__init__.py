"""The policy, its checks and the risk processor."""
