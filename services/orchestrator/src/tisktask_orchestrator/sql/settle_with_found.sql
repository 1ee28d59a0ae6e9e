-- Take a webhook as the one that tells late of what was found without it; each run that was found takes one. Not if it says
-- to follow a commit that came to the same ref after the run was found: then the commit was pushed once more.
INSERT INTO orchestrator.triggers (id, repository_id, delivery, payload_chunks, payload_bytes, received_at, same_as)
SELECT
    %(id)s, %(repository_id)s, %(delivery)s, %(payload_chunks)s, %(payload_bytes)s, %(received_at)s, found.trigger_id
FROM (
    SELECT run.trigger_id
    FROM orchestrator.runs AS run
    JOIN orchestrator.triggers AS trigger ON trigger.id = run.trigger_id
    WHERE run.sha = %(sha)s
        AND run.repository_id = %(repository_id)s
        AND run.rerun_of IS NULL
        AND run.change ->> 'ref' = %(ref)s
        AND run.change ->> 'event' = %(event)s
        AND trigger.origin = 'reconcile'
        AND run.created_at > now() - make_interval(days => %(days)s)
        AND NOT EXISTS (SELECT FROM orchestrator.triggers AS other WHERE other.same_as = trigger.id)
        AND (%(event)s = 'pull_request' OR NOT EXISTS (
            SELECT FROM orchestrator.runs AS later
            WHERE later.sha = %(base_sha)s
                AND later.repository_id = run.repository_id
                AND later.change ->> 'ref' = %(ref)s
                AND later.number > run.number
        ))
    ORDER BY run.number
    LIMIT 1
) AS found
ON CONFLICT DO NOTHING
RETURNING id
