-- List the newest run of each event and action that a commit has had in a repository in use.
SELECT DISTINCT ON (run.change ->> 'event', run.change ->> 'action', run.change ->> 'ref') run.id
FROM orchestrator.runs AS run
JOIN orchestrator.repositories AS repository ON repository.id = run.repository_id
WHERE run.sha = %(sha)s AND run.repository_id = %(repository_id)s AND repository.removed_at IS NULL
ORDER BY run.change ->> 'event', run.change ->> 'action', run.change ->> 'ref', run.number DESC
LIMIT 20
