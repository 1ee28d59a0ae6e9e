-- Choose looks that are wanted for a host, and note that they were offered: as if they failed, until they are answered.
WITH held AS (
    SELECT count(*) AS looks
    FROM orchestrator.looks
    WHERE runner = %(runner)s AND leased_until > now()
), due AS (
    SELECT look.repository_id, look.leased_until IS NOT NULL AS was_lost
    FROM orchestrator.looks AS look
    JOIN orchestrator.repositories AS repository ON repository.id = look.repository_id
    WHERE look.wanted_at IS NOT NULL
        AND look.not_before <= now()
        AND (look.leased_until IS NULL OR look.leased_until <= now())
        AND repository.removed_at IS NULL
    ORDER BY look.wanted_at
    LIMIT (SELECT greatest(0, %(looks_max)s - held.looks) FROM held)
    FOR UPDATE OF look SKIP LOCKED
)
UPDATE orchestrator.looks AS look
SET
    number = look.number + 1,
    runner = %(runner)s,
    leased_until = now() + make_interval(secs => %(lease_seconds)s),
    not_before = now() + make_interval(secs => %(lease_seconds)s)
        + make_interval(secs => least(%(pause_seconds_max)s, %(pause_seconds)s * 2 ^ least(look.tries, 20))),
    tries = look.tries + 1,
    taken_at = NULL,
    seen_up_to = ''
FROM due
WHERE look.repository_id = due.repository_id
RETURNING look.repository_id, due.was_lost
