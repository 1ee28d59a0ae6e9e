-- Add a run of what an older run was about, with the repository's next number, and write its first states down.
WITH repository AS (
    UPDATE orchestrator.repositories
    SET next_run_number = next_run_number + 1
    WHERE id = (SELECT older.repository_id FROM orchestrator.runs AS older WHERE older.id = %(rerun_of)s)
    RETURNING id, next_run_number - 1 AS number, forge, full_name
), run AS (
    INSERT INTO orchestrator.runs (
        id, number, repository_id, trigger_id, state, change, warnings, rerun_of, rerun_request_id
    )
    SELECT
        %(id)s, repository.number, repository.id, older.trigger_id,
        CASE WHEN %(is_vetted)s THEN 'staged' ELSE 'preparing' END, older.change,
        -- What is prepared anew is also warned of anew.
        CASE WHEN %(is_prepared)s THEN older.warnings ELSE '{}' END,
        older.id, %(request_id)s
    FROM repository, orchestrator.runs AS older
    WHERE older.id = %(rerun_of)s
    RETURNING
        id, number, repository_id, trigger_id, state, reason, change, revision, stop_state, stop_reason,
        created_at, started_at, finished_at, is_restricted, scope, approved_tree, released_at
), noted AS (
    INSERT INTO orchestrator.history (run_id, from_state, to_state, reason)
    SELECT run.id, first.from_state, first.to_state, first.reason
    FROM run, (
        VALUES (1, NULL, 'staged', %(reason)s), (2, 'staged', 'preparing', '')
    ) AS first (place, from_state, to_state, reason)
    WHERE first.place = 1 OR NOT %(is_vetted)s
    ORDER BY first.place
)
SELECT
    run.id, run.number, run.repository_id, run.trigger_id, run.state, run.reason, run.change, run.revision,
    run.stop_state, run.stop_reason, run.created_at, run.started_at, run.finished_at,
    run.is_restricted, run.scope, run.approved_tree, run.released_at,
    repository.forge, repository.full_name
FROM run, repository
