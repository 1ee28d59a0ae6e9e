-- List the refs that nobody has told of for a while, those that have waited longest first.
SELECT ref, sha, settled_sha
FROM orchestrator.repository_heads
WHERE repository_id = %(repository_id)s
    AND settled_sha IS DISTINCT FROM sha
    AND first_seen_at <= now() - make_interval(secs => %(grace_seconds)s)
ORDER BY first_seen_at, ref
LIMIT %(count)s
