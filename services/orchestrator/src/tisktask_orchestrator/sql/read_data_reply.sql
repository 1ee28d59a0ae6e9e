-- Read what a request was answered before, if it was, and what time it is now that the data is locked.
SELECT
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms,
    (
        SELECT given.replies
        FROM orchestrator.data_replies AS given
        WHERE given.job_id = %(job_id)s AND given.request_id = %(request_id)s
    ) AS replies
