-- Become the one relay, for as long as this connection lasts.
SELECT pg_try_advisory_lock(7400011) AS is_mine
