"""The data that the jobs of a run share: commands as Redis documents them, kept in PostgreSQL."""
