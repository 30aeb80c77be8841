"""Apache Kafka and PostgreSQL from wheels and jars, without Docker, Java or root."""
