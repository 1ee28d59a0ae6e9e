-- Note what refs stand at. What was settled at the last look was so then: only runs since its beginning may be newer.
INSERT INTO orchestrator.repository_heads AS head (repository_id, ref, sha, settled_from, settled_sha)
SELECT
    %(repository_id)s, seen.ref, seen.sha, %(seen_from)s,
    -- Heads of pull requests are looked up for who asks for them; runs are not found by them.
    CASE WHEN seen.ref LIKE 'refs/pull/%%' THEN seen.sha END
FROM unnest(%(refs)s::text[], %(shas)s::text[]) AS seen (ref, sha)
ON CONFLICT (repository_id, ref) DO UPDATE SET
    sha = excluded.sha,
    first_seen_at = now(),
    settled_sha = CASE WHEN head.ref LIKE 'refs/pull/%%' THEN excluded.sha ELSE head.settled_sha END,
    settled_from = CASE WHEN head.sha IS NOT DISTINCT FROM head.settled_sha THEN excluded.settled_from ELSE head.settled_from END
WHERE head.sha <> excluded.sha
