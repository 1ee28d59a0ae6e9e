-- Take what a ref stands at as known: a run was made for it.
UPDATE orchestrator.repository_heads
SET settled_sha = sha
WHERE repository_id = %(repository_id)s AND ref = %(ref)s
