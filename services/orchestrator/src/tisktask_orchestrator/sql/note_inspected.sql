-- Keep what the inspection of a run has found: now it is to be decided what becomes of it.
UPDATE orchestrator.vettings
SET
    programs = %(programs)s,
    programs_tree = %(programs_tree)s,
    changes_programs = %(changes_programs)s,
    inspected_at = now(),
    next_at = now()
WHERE run_id = %(run_id)s
