-- Counts the remarks of a run.
SELECT count(*) AS annotations FROM api.annotations WHERE run_id = %(run)s
