-- Give no room for what was just paused; whether it has stopped taking work, it has to say again.
UPDATE orchestrator.runners
SET is_draining = true, has_paused = false
WHERE runner = %(runner)s AND (%(replica)s = '' OR replica = %(replica)s)
