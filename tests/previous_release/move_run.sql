-- Move a run from a state that allows it, and write it down. No row: the move is not allowed any more.
WITH prior AS (
    SELECT id, state
    FROM orchestrator.runs
    WHERE id = %(run_id)s
    FOR UPDATE
), moved AS (
    UPDATE orchestrator.runs AS run
    SET
        state = %(to)s,
        reason = %(reason)s,
        finished_at = CASE WHEN %(is_end)s THEN now() END
    FROM prior
    WHERE run.id = prior.id AND run.state = ANY(%(from)s)
    RETURNING run.id, run.finished_at, prior.state AS from_state
), noted AS (
    INSERT INTO orchestrator.history (run_id, from_state, to_state, reason)
    SELECT id, from_state, %(to)s, %(reason)s
    FROM moved
)
SELECT finished_at FROM moved
