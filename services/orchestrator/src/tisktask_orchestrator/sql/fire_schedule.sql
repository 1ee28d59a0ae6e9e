-- Move a schedule on to its next time, if nobody has since it was seen: who does so answers for the time that was due.
UPDATE orchestrator.schedules
SET next_at = %(next_at)s, last_due_at = %(due_at)s, skipped = ''
WHERE id = %(id)s AND next_at = %(seen_at)s
RETURNING id
