-- Lists the runner replicas that were ever seen.
SELECT
    runner.runner, runner.replica, runner.pool, runner.slots, runner.busy, runner.is_draining, runner.version,
    runner.engine, runner.last_seen_at, runner.is_alive, runner.labels, runner.waiting,
    paused.runner IS NOT NULL AS is_paused,
    coalesce(paused.has_paused AND runner.busy = 0, false) AS is_drained,
    coalesce(trouble.problem, '') AS problem
FROM api.runners AS runner
LEFT JOIN api.runner_problems AS trouble ON trouble.runner = runner.runner AND trouble.replica = runner.replica
LEFT JOIN api.paused_runners AS paused ON paused.runner = runner.runner AND paused.replica = runner.replica
ORDER BY runner.runner, runner.replica
