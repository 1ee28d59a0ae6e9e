-- One dispatcher chooses at a time: what two choose at once would be too much together.
SELECT pg_advisory_xact_lock(7400010)
