"""The way of a job's output from the file on this host to the bus."""
