-- Want the heads of a repository soon. A look that has begun before does not count: it may have missed what is wanted.
INSERT INTO orchestrator.looks (repository_id, wanted_at)
SELECT repository.id, now()
FROM orchestrator.repositories AS repository
WHERE repository.id = %(repository_id)s AND repository.removed_at IS NULL
ON CONFLICT (repository_id) DO UPDATE SET
    wanted_at = CASE
        WHEN orchestrator.looks.wanted_at > coalesce(orchestrator.looks.taken_at, '-infinity')
            THEN orchestrator.looks.wanted_at
        ELSE now()
    END,
    -- Who asks does not wait out a long pause; a short one there is always.
    not_before = least(
        orchestrator.looks.not_before,
        greatest(
            orchestrator.looks.failed_at + make_interval(secs => %(pause_seconds)s),
            orchestrator.looks.leased_until
        )
    )
