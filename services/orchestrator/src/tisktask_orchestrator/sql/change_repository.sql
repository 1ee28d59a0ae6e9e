-- Change settings of a repository in use; what is null stays as it is, a limit of zero jobs is none, -1 is what the
-- orchestrator's settings say.
UPDATE orchestrator.repositories
SET
    supersede_pull_requests = coalesce(%(supersede_pull_requests)s, supersede_pull_requests),
    supersede_branches = coalesce(%(supersede_branches)s, supersede_branches),
    jobs_max = CASE WHEN %(jobs_max)s::integer IS NULL THEN jobs_max ELSE nullif(%(jobs_max)s::integer, 0) END,
    priority = coalesce(%(priority)s, priority),
    reconcile = coalesce(%(reconcile)s, reconcile),
    keep_days = nullif(coalesce(%(keep_days)s, keep_days), -1),
    keep_min = nullif(coalesce(%(keep_min)s, keep_min), -1),
    keep_max = nullif(coalesce(%(keep_max)s, keep_max), -1),
    forks = coalesce(%(forks)s, forks),
    changed_at = now()
WHERE id = %(id)s AND removed_at IS NULL
RETURNING supersede_pull_requests, supersede_branches, jobs_max, priority, reconcile, keep_days, keep_min, keep_max, forks
