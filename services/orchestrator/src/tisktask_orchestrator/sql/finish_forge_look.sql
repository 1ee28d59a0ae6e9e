-- Note that a forge has answered: it is asked again after the interval, or when what is not known yet has had its time.
UPDATE orchestrator.forge_looks AS look
SET
    next_at = least(
        now() + make_interval(secs => %(interval_seconds)s
            * (0.9 + 0.2 * (('x' || left(md5(look.repository_id), 6))::bit(24)::integer / 16777216.0))),
        (
            SELECT greatest(now(), min(pull.first_seen_at) + make_interval(secs => %(grace_seconds)s))
            FROM orchestrator.repository_pulls AS pull
            WHERE pull.repository_id = look.repository_id
                AND pull.settled_sha IS DISTINCT FROM pull.sha
                AND pull.number = ANY(%(numbers)s::bigint[])
            HAVING count(*) > 0
        )
    ),
    tries = 0,
    error = '',
    failed_at = NULL,
    seen_at = now(),
    baseline_url = %(baseline_url)s
WHERE look.repository_id = %(repository_id)s
