-- Count the processes of a runner host that are known, or those of one name.
SELECT count(*) AS replicas
FROM orchestrator.runners
WHERE runner = %(runner)s AND (%(replica)s = '' OR replica = %(replica)s)
