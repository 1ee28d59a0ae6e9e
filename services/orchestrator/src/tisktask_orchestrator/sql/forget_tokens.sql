-- Forget the tokens of removed repositories, a day after nothing of theirs runs any more.
UPDATE orchestrator.repositories AS repository
SET token = NULL, app_id = NULL, app_key = NULL
WHERE repository.removed_at < now() - interval '1 day'
    AND (repository.token IS NOT NULL OR repository.app_key IS NOT NULL)
    AND NOT EXISTS (
        SELECT FROM orchestrator.runs AS run
        WHERE run.repository_id = repository.id
            AND (run.finished_at IS NULL OR run.finished_at > now() - interval '1 day')
    )
