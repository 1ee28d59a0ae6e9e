-- Read what a job says in summary.
SELECT left(summary, 65535) FROM api.jobs WHERE id = %(job_id)s
