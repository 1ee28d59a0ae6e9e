"""How long runs are kept, and how they are deleted."""
