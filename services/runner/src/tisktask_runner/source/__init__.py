"""The commit: fetched into a mirror, listed, searched for programs and written to a directory."""
