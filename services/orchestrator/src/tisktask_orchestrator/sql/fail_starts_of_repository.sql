-- Give up the wanted runs of a repository that wait.
UPDATE orchestrator.starts
SET state = 'failed', reason = %(reason)s, ended_at = now()
WHERE repository_id = %(repository_id)s AND state = 'waiting'
