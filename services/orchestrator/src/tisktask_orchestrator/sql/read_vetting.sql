-- Read how far the vetting of a run is.
SELECT run_id, state, number, why, programs, programs_tree, changes_programs
FROM orchestrator.vettings
WHERE run_id = %(run_id)s
