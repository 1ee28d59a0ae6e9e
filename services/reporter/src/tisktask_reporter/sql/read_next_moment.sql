-- Tell in how many seconds the next status falls due or the next claim ends; NULL if nothing lies ahead.
SELECT extract(epoch FROM min(moment) - now())::float8
FROM reporter.statuses, LATERAL (SELECT greatest(next_try_at, claimed_until) AS moment) AS ahead
WHERE next_try_at IS NOT NULL AND moment > now()
