"""A venue's stream and reads become events in Kafka."""
