-- Take as known the pull requests for whose commit there is a run.
UPDATE orchestrator.repository_pulls AS pull
SET settled_sha = pull.sha
WHERE pull.repository_id = %(repository_id)s
    AND pull.settled_sha IS DISTINCT FROM pull.sha
    AND EXISTS (
        SELECT FROM orchestrator.runs AS run
        WHERE run.sha = pull.sha
            AND run.repository_id = pull.repository_id
            AND run.change ->> 'pull_request' = pull.number::text
            AND run.change ->> 'event' = 'pull_request'
            AND run.change ->> 'action' IN ('opened', 'reopened', 'synchronize')
    )
