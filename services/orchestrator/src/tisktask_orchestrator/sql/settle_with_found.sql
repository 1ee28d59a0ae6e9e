-- Take a webhook as the one that tells late of what was found without it; each run that was found takes one. Not if it says
-- to follow a commit that the ref has gone to since this one was run last: then this one was pushed once more.
WITH RECURSIVE last AS (
    SELECT max(run.number) AS number
    FROM orchestrator.runs AS run
    WHERE run.sha = %(sha)s
        AND run.repository_id = %(repository_id)s
        AND run.rerun_of IS NULL
        AND run.change ->> 'ref' = %(ref)s
        AND run.change ->> 'event' = %(event)s
), since AS (
    SELECT run.sha, run.change ->> 'base_sha' AS base_sha
    FROM orchestrator.runs AS run, last
    WHERE %(event)s <> 'pull_request'
        AND run.repository_id = %(repository_id)s
        AND run.number > last.number
        AND run.change ->> 'ref' = %(ref)s
        AND run.change ->> 'event' = %(event)s
), gone_to AS (
    SELECT since.sha FROM since WHERE since.base_sha = %(sha)s
    UNION
    SELECT since.sha FROM since JOIN gone_to ON since.base_sha = gone_to.sha
), found AS (
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
    ORDER BY run.number
    LIMIT 1
)
INSERT INTO orchestrator.triggers (id, repository_id, delivery, payload_chunks, payload_bytes, received_at, same_as)
SELECT
    %(id)s, %(repository_id)s, %(delivery)s, %(payload_chunks)s, %(payload_bytes)s, %(received_at)s, found.trigger_id
FROM found
WHERE NOT EXISTS (SELECT FROM gone_to WHERE gone_to.sha = %(base_sha)s)
ON CONFLICT DO NOTHING
RETURNING id
