-- List those of some runs that a forge does not show as they are yet.
SELECT DISTINCT run_id
FROM reporter.statuses
WHERE run_id = ANY(%(runs)s::text[]) AND next_try_at IS NOT NULL
