"""All SQL of the orchestrator: one function per statement of `sql/`, by what it is about."""
