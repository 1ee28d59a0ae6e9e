-- Store what an event wants to be shown, unless a newer event has been stored; asks for a post if it makes a difference.
-- Of a pending status that only changes its description, the newest is posted some time after the last post.
WITH repository AS (
    INSERT INTO reporter.repositories (repository_id) VALUES (%(repository_id)s) ON CONFLICT DO NOTHING
)
INSERT INTO reporter.statuses AS known (
    repository_id, sha, context, forge, run_id, run_number, revision, state, description, target_url,
    wanted_at, next_try_at, job_id, conclusion
)
VALUES (
    %(repository_id)s, %(sha)s, %(context)s, %(forge)s, %(run_id)s, %(run_number)s, %(revision)s,
    %(state)s, %(description)s, %(target_url)s, now(), now(), %(job_id)s, %(conclusion)s
)
ON CONFLICT (repository_id, sha, context) DO UPDATE SET
    forge = excluded.forge,
    run_id = excluded.run_id,
    run_number = excluded.run_number,
    revision = excluded.revision,
    state = excluded.state,
    description = excluded.description,
    target_url = excluded.target_url,
    job_id = excluded.job_id,
    conclusion = excluded.conclusion,
    wanted_at = CASE
        WHEN (known.state, known.description, known.target_url)
            = (excluded.state, excluded.description, excluded.target_url) THEN known.wanted_at
        WHEN (known.state, excluded.state, known.target_url) = ('pending', 'pending', excluded.target_url)
            AND known.outcome <> 'delivered' THEN known.wanted_at
        ELSE now() END,
    next_try_at = CASE
        WHEN (known.state, known.description, known.target_url)
            = (excluded.state, excluded.description, excluded.target_url) THEN known.next_try_at
        -- What waits to be posted takes the new text with it; what was given up would not succeed with another text.
        WHEN (known.state, excluded.state, known.target_url) = ('pending', 'pending', excluded.target_url)
            THEN CASE WHEN known.outcome = 'delivered'
                THEN greatest(now(), known.sent_at + %(description_seconds_min)s * interval '1 second')
                ELSE known.next_try_at END
        ELSE now() END,
    outcome = CASE
        WHEN (known.state, known.description, known.target_url)
            = (excluded.state, excluded.description, excluded.target_url) THEN known.outcome
        WHEN (known.state, excluded.state, known.target_url) = ('pending', 'pending', excluded.target_url)
            AND known.outcome <> 'delivered' THEN known.outcome
        ELSE 'waiting' END,
    faults = CASE WHEN (known.state, known.target_url) = (excluded.state, excluded.target_url)
        THEN known.faults ELSE 0 END,
    failing_since = CASE WHEN (known.state, known.target_url) = (excluded.state, excluded.target_url)
        THEN known.failing_since END,
    has_second_chance = known.has_second_chance
        AND (known.state, known.target_url) = (excluded.state, excluded.target_url)
WHERE (known.run_number, known.revision) < (excluded.run_number, excluded.revision)
RETURNING next_try_at IS NOT NULL
