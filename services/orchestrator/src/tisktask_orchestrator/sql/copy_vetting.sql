-- Note that a run may go on as the run that it repeats, and who says so.
INSERT INTO orchestrator.vettings (
    run_id, state, why, programs, programs_tree, changes_programs, inspected_at, decided_by, decided_at, note
)
SELECT
    %(run_id)s, %(state)s, older.why, older.programs, older.programs_tree, older.changes_programs, older.inspected_at,
    %(decided_by)s, CASE WHEN %(decided_by)s <> '' THEN now() END, %(note)s
FROM orchestrator.vettings AS older
WHERE older.run_id = %(rerun_of)s
