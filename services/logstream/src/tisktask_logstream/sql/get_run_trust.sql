-- Reads the vetting of a run: in a view that only an orchestrator which vets has made.
SELECT is_restricted, why, state, coalesce(programs, '{}') AS programs, coalesce(programs_tree, '') AS programs_tree,
    changes_programs, held_at, coalesce(decided_by, '') AS decided_by, decided_at, coalesce(note, '') AS note
FROM api.run_trust
WHERE run_id = %(run)s
