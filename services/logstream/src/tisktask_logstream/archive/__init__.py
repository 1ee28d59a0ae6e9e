"""The logs on disk: what comes from the bus is appended, indexed, made durable and only then acknowledged."""
