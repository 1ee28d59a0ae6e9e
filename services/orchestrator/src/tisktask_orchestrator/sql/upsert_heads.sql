-- Note what refs stand at. What was settled at the last look was so then: only runs since its beginning may be newer.
INSERT INTO orchestrator.repository_heads AS head (repository_id, ref, sha, settled_from)
SELECT %(repository_id)s, seen.ref, seen.sha, %(seen_from)s
FROM unnest(%(refs)s::text[], %(shas)s::text[]) AS seen (ref, sha)
-- Most stand where they stood: those are not even touched.
WHERE NOT EXISTS (
    SELECT FROM orchestrator.repository_heads AS known
    WHERE known.repository_id = %(repository_id)s AND known.ref = seen.ref AND known.sha = seen.sha
)
ON CONFLICT (repository_id, ref) DO UPDATE SET
    sha = excluded.sha,
    first_seen_at = now(),
    settled_from = CASE WHEN head.sha IS NOT DISTINCT FROM head.settled_sha THEN excluded.settled_from ELSE head.settled_from END
