-- Be the one who chooses what is dispatched until this transaction ends, if nobody else is.
SELECT pg_try_advisory_xact_lock(7400010) AS is_mine
