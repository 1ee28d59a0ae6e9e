-- Count the runs that there are.
SELECT count(*) AS runs FROM orchestrator.runs
