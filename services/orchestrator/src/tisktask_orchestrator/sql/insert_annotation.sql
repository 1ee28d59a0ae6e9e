-- Add a remark to a run.
INSERT INTO orchestrator.annotations (run_id, job_id, attempt, request_id, level, file, line, text)
VALUES (%(run_id)s, %(job_id)s, %(attempt)s, %(request_id)s, %(level)s, %(file)s, %(line)s, %(text)s)
