-- Say what has become of a wanted run, if nothing has yet.
UPDATE orchestrator.starts
SET state = %(state)s, reason = %(reason)s, run_id = %(run_id)s, ended_at = now()
WHERE id = %(id)s AND state = 'waiting'
RETURNING id
