-- Decide about a run later, and say why not now.
UPDATE orchestrator.vettings
SET next_at = now() + make_interval(secs => %(seconds)s), note = %(note)s
WHERE run_id = %(run_id)s AND number = %(number)s AND state = 'inspected'
