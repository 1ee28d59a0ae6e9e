-- Count a repository's runs by what its rules say of them now. `old` and `too_many` are those that list_old_runs.sql lists;
-- the others are kept, and for what.
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
        id, finished_at,
        row_number() OVER (ORDER BY number DESC) AS place,
        -- The last state of a branch.
        change ->> 'event' = 'push' AND change ->> 'branch' IS NOT NULL
            AND row_number() OVER (PARTITION BY change ->> 'event', change ->> 'branch' ORDER BY number DESC) = 1
            AS is_newest_of_branch
    FROM orchestrator.runs
    WHERE repository_id = %(repository_id)s
), weighed AS (
    SELECT
        run.id, run.finished_at,
        coalesce(run.finished_at < rules.old_before, false) AS is_old,
        NOT rules.is_removed AND run.place <= rules.keep_min AS is_newest,
        NOT rules.is_removed AND run.is_newest_of_branch AND run.finished_at >= rules.branch_old_before AS is_of_branch,
        NOT rules.is_removed AND coalesce(run.place > greatest(rules.keep_max, rules.keep_min), false)
            AND rules.keep_max IS NOT NULL AS is_too_many
    FROM ranked AS run, rules
), judged AS (
    SELECT CASE
        WHEN run.finished_at IS NULL THEN 'at_work'
        WHEN NOT run.is_too_many AND NOT run.is_old THEN 'young'
        WHEN NOT run.is_too_many AND run.is_newest THEN 'newest'
        WHEN NOT run.is_too_many AND run.is_of_branch THEN 'newest_of_branch'
        -- What was carried over into another run is read from here.
        WHEN EXISTS (
            SELECT
            FROM orchestrator.jobs AS job
            JOIN orchestrator.jobs AS carried ON carried.carried_from = job.id
            WHERE job.run_id = run.id AND carried.run_id <> run.id
        ) THEN 'shown_in_another'
        WHEN run.is_old AND NOT run.is_newest AND NOT run.is_of_branch THEN 'old'
        ELSE 'too_many'
    END AS verdict
    FROM weighed AS run
)
SELECT verdict, count(*)::integer AS runs
FROM judged
GROUP BY verdict
ORDER BY verdict
