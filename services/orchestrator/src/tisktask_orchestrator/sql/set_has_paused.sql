-- Note that a replica takes nothing, as it was told.
UPDATE orchestrator.runners
SET has_paused = true
WHERE runner = %(runner)s AND replica = %(replica)s AND NOT has_paused
