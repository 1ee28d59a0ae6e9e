-- Use an account for one write, if it may be written to now; tells how it has fared, and when its turn comes again.
-- An hour's budget of `hourly` writes fills up evenly; `burst` of them may be used at once.
UPDATE reporter.accounts
SET budget_at = greatest(budget_at, now()) + %(budget_seconds)s * interval '1 second',
    next_write_at = greatest(
        now() + %(gap_seconds)s * interval '1 second',
        greatest(budget_at, now()) + (2 - %(burst)s) * %(budget_seconds)s * interval '1 second'
    )
WHERE account = %(account)s AND next_write_at <= now()
RETURNING pauses,
    coalesce(extract(epoch FROM now() - failing_since), 0)::float8 AS failing_seconds,
    -- Whether anything else was delivered since this status failed first.
    coalesce(failing_since > %(failing_since)s, %(failing_since)s::timestamptz IS NOT NULL) AS others_got_through
