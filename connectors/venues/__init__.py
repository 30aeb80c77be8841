"""One connector per settlement venue, all of one shape."""
