"""The batch loop: records of Kafka into one PostgreSQL transaction."""
