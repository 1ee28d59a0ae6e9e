-- Say something on a run that waits.
UPDATE orchestrator.vettings
SET note = %(note)s
WHERE run_id = %(run_id)s AND state IN ('inspected', 'waiting')
