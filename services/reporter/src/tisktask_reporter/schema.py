"""The database schema that the reporter owns, and where its migrations are."""

SCHEMA = "reporter"
#: The package whose `migrations/` and `sql/` folders belong to the schema.
MIGRATIONS_PACKAGE = "tisktask_reporter"
