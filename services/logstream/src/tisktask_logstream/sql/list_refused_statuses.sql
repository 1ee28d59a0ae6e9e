-- Lists the newest statuses of a repository that its forge does not show, and why.
SELECT problem.context, problem.state, problem.outcome, problem.error
FROM api.status_problems AS problem
JOIN api.runs AS run ON run.id = problem.run_id
WHERE run.repository_id = %(repository)s AND run.created_at > now() - interval '7 days'
ORDER BY run.created_at DESC, problem.context
LIMIT %(limit)s
