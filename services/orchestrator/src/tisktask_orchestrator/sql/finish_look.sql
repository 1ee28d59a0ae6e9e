-- Note that a look went well: the next one is due after the interval, or when what is not known yet has had its time.
UPDATE orchestrator.looks AS look
SET
    wanted_at = CASE WHEN look.wanted_at > look.taken_at THEN look.wanted_at END,
    not_before = 'epoch',
    next_at = least(
        now() + make_interval(secs => %(interval_seconds)s
            * (0.9 + 0.2 * (('x' || left(md5(look.repository_id), 6))::bit(24)::integer / 16777216.0))),
        (
            SELECT greatest(now(), min(head.first_seen_at) + make_interval(secs => %(grace_seconds)s))
            FROM orchestrator.repository_heads AS head
            WHERE head.repository_id = look.repository_id AND head.settled_sha IS DISTINCT FROM head.sha
            HAVING count(*) > 0
        )
    ),
    runner = NULL,
    leased_until = NULL,
    tries = 0,
    error = '',
    failed_at = NULL,
    seen_at = now(),
    seen_from = look.taken_at,
    default_ref = %(default_ref)s,
    baseline_url = %(baseline_url)s
WHERE look.repository_id = %(repository_id)s
