"""NATS JetStream: the connection, publishing, requests, the pull loop, provisioning and permissions."""
