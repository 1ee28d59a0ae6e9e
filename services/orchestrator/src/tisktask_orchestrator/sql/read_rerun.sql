-- Read the run that a request has made of a run.
SELECT id AS run_id, number
FROM orchestrator.runs
WHERE rerun_of = %(run_id)s AND rerun_request_id = %(request_id)s
