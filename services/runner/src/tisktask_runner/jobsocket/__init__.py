"""The job's Unix socket: speaks the Redis protocol, acts with the job's authority."""
