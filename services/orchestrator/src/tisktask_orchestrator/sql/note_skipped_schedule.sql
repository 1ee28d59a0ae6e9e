-- Say why a schedule's newest time was left out.
UPDATE orchestrator.schedules
SET skipped = %(why)s
WHERE id = %(id)s
