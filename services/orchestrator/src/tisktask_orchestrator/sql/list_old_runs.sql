-- List runs of a repository that its rules let go, the oldest first, after one of them. Ties to others are looked at again
-- when one is deleted.
WITH rules AS (
    SELECT
        removed_at IS NOT NULL AS is_removed,
        now() - make_interval(days => nullif(coalesce(keep_days, %(keep_days)s), 0)) AS old_before,
        now() - make_interval(days => %(keep_branch_days)s) AS branch_old_before,
        coalesce(keep_min, %(keep_min)s) AS keep_min,
        nullif(coalesce(keep_max, %(keep_max)s), 0) AS keep_max
    FROM orchestrator.repositories
    WHERE id = %(repository_id)s
), ranked AS (
    SELECT
        id, number, finished_at,
        row_number() OVER (ORDER BY number DESC) AS place,
        -- The last state of a branch.
        change ->> 'event' = 'push' AND change ->> 'branch' IS NOT NULL
            AND row_number() OVER (PARTITION BY change ->> 'event', change ->> 'branch' ORDER BY number DESC) = 1
            AS is_newest_of_branch
    FROM orchestrator.runs
    WHERE repository_id = %(repository_id)s
)
SELECT run.id, run.number
FROM ranked AS run, rules
WHERE run.finished_at IS NOT NULL
    AND run.number > %(after)s
    AND (
        (
            run.finished_at < rules.old_before
            AND (
                rules.is_removed
                OR (
                    run.place > rules.keep_min
                    AND NOT (run.is_newest_of_branch AND run.finished_at >= rules.branch_old_before)
                )
            )
        )
        OR (NOT rules.is_removed AND run.place > greatest(rules.keep_max, rules.keep_min) AND rules.keep_max IS NOT NULL)
    )
    -- What was carried over into another run is read from here.
    AND NOT EXISTS (
        SELECT
        FROM orchestrator.jobs AS job
        JOIN orchestrator.jobs AS carried ON carried.carried_from = job.id
        WHERE job.run_id = run.id AND carried.run_id <> run.id
    )
ORDER BY run.number
LIMIT %(count)s
