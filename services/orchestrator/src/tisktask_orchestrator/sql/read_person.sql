-- Read what is known of somebody in a repository.
SELECT
    coalesce(pushed_at > now() - make_interval(days => %(pushed_days)s), false) AS has_pushed,
    coalesce(greatest(pushed_at, confirmed_at) > now() - make_interval(secs => %(confirmed_seconds)s), false) AS may_write,
    approved_at IS NOT NULL AS was_approved
FROM orchestrator.known_people
WHERE repository_id = %(repository_id)s AND login = lower(%(login)s)
