-- Take as known the refs for whose commit a run was made since what was known of them before was seen.
UPDATE orchestrator.repository_heads AS head
SET settled_sha = head.sha
WHERE head.repository_id = %(repository_id)s
    AND head.settled_sha IS DISTINCT FROM head.sha
    AND EXISTS (
        SELECT FROM orchestrator.runs AS run
        WHERE run.sha = head.sha
            AND run.repository_id = head.repository_id
            AND run.rerun_of IS NULL
            AND run.change ->> 'ref' = head.ref
            AND run.change ->> 'event' IN ('push', 'tag')
            AND run.created_at >= coalesce(head.settled_from, '-infinity')
    )
