-- Say which pull request or branch a run is about: it overtakes the older runs of it, and newer ones overtake it.
UPDATE orchestrator.runs
SET line = %(line)s
WHERE id = %(run_id)s
