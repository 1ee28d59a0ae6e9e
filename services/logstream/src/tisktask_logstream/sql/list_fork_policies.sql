-- Lists what repositories let become of forks' runs: in a view that only an orchestrator which vets has made.
SELECT repository_id, forks
FROM api.repository_trust
WHERE %(repository)s::text IS NULL OR repository_id = %(repository)s
