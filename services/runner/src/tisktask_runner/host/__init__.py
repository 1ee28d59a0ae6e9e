"""What this host can do, and the Podman configuration that works on it."""
