"""Today's code over recorded records, and what it does otherwise than the live run did."""
