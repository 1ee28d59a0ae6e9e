"""PostgreSQL: the connection pool, statements from files, migrations."""
