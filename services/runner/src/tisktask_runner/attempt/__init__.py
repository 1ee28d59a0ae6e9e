"""One attempt of a job on this host, from its claim to the removal of its directory."""
