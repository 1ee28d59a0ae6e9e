"""The orchestrator's schema, for those who migrate or reset it."""

SCHEMA = "orchestrator"
#: Package whose folder `migrations/` holds the files.
MIGRATIONS_PACKAGE = "tisktask_orchestrator"
