"""Git by its own program, for repositories in the SHA-256 format: libgit2 does not know it (decision 0021)."""
