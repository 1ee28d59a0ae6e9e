-- Be the one who decides about a lock of a repository until this transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended(%(repository_id)s || '/' || %(name)s, 7400012))
