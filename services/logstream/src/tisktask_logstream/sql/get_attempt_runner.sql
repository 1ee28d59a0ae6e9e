-- Finds the runner host that an attempt belongs to.
SELECT runner FROM api.attempts WHERE job_id = %(job)s AND attempt = %(attempt)s
