-- Note what the open pull requests stand at.
INSERT INTO orchestrator.repository_pulls AS pull (repository_id, number, sha, change)
SELECT %(repository_id)s, seen.number, seen.change ->> 'sha', seen.change
FROM unnest(%(numbers)s::bigint[], %(changes)s::jsonb[]) AS seen (number, change)
ON CONFLICT (repository_id, number) DO UPDATE SET
    sha = excluded.sha,
    change = excluded.change,
    first_seen_at = CASE WHEN pull.sha = excluded.sha THEN pull.first_seen_at ELSE now() END,
    last_seen_at = now()
WHERE pull.sha <> excluded.sha OR pull.last_seen_at < now() - interval '1 day'
