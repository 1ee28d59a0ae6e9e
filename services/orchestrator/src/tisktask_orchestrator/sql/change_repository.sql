-- Change settings of a repository in use; what is null stays as it is, a limit of zero jobs is none.
UPDATE orchestrator.repositories
SET
    supersede_pull_requests = coalesce(%(supersede_pull_requests)s, supersede_pull_requests),
    supersede_branches = coalesce(%(supersede_branches)s, supersede_branches),
    jobs_max = CASE WHEN %(jobs_max)s::integer IS NULL THEN jobs_max ELSE nullif(%(jobs_max)s::integer, 0) END,
    priority = coalesce(%(priority)s, priority),
    reconcile = coalesce(%(reconcile)s, reconcile),
    changed_at = now()
WHERE id = %(id)s AND removed_at IS NULL
RETURNING supersede_pull_requests, supersede_branches, jobs_max, priority, reconcile
