-- Read which wanted run a request has made.
SELECT id
FROM orchestrator.starts
WHERE repository_id = %(repository_id)s AND delivery = %(delivery)s
