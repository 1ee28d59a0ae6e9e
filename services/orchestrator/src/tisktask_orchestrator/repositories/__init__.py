"""The repositories that are known, and what holds for each."""
