"""What runs a processor: Faust, a batch loop on librdkafka, and in memory for tests."""
