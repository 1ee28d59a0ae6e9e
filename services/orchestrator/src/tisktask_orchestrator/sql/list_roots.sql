-- List a run's preparation and discovered jobs, each with the ends of all that has come of it and counts.
WITH RECURSIVE below AS (
    SELECT root.id AS root_id, child.id, child.state, child.may_fail
    FROM orchestrator.jobs AS root
    JOIN orchestrator.jobs AS child ON child.parent_job_id = root.id
    WHERE root.run_id = %(run_id)s AND root.parent_job_id IS NULL
    UNION ALL
    SELECT below.root_id, child.id, child.state, child.may_fail
    FROM below
    JOIN orchestrator.jobs AS child ON child.parent_job_id = below.id
), ends AS (
    SELECT root_id, array_agg(DISTINCT state) AS states
    FROM below
    WHERE NOT may_fail
    GROUP BY root_id
)
SELECT
    root.id, root.kind, root.name, root.state, root.exit_code, root.signal, root.out_of_memory,
    coalesce(origin.id, root.id) AS origin_id,
    coalesce(origin_run.number, run.number) AS origin_number,
    coalesce(ends.states, '{}') AS states_below
FROM orchestrator.jobs AS root
JOIN orchestrator.runs AS run ON run.id = root.run_id
LEFT JOIN orchestrator.jobs AS origin ON origin.id = root.carried_from
LEFT JOIN orchestrator.runs AS origin_run ON origin_run.id = origin.run_id
LEFT JOIN ends ON ends.root_id = root.id
WHERE root.run_id = %(run_id)s AND root.parent_job_id IS NULL
    -- Whoever may run it again: what was only looked at is looked at again.
    AND NOT (root.kind = 'prepare' AND root.name = 'inspect')
ORDER BY root.kind <> 'prepare', root.id
