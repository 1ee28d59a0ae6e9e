-- Add a repository, or change the one of this forge and name; a secret that is not given stays.
INSERT INTO orchestrator.repositories (id, forge, full_name, clone_url, api_url, token, webhook_secret, reconcile)
VALUES (
    %(id)s, %(forge)s, %(full_name)s, %(clone_url)s, %(api_url)s, %(token)s, %(webhook_secret)s,
    -- In a folder commits come and go that nobody wants to run: whoever does, says so.
    %(forge)s <> 'local'
)
ON CONFLICT (forge, lower(full_name)) WHERE removed_at IS NULL DO UPDATE SET
    full_name = excluded.full_name,
    clone_url = excluded.clone_url,
    api_url = excluded.api_url,
    token = coalesce(excluded.token, orchestrator.repositories.token),
    webhook_secret = coalesce(excluded.webhook_secret, orchestrator.repositories.webhook_secret),
    -- At another address it is another repository.
    external_id = CASE
        WHEN orchestrator.repositories.clone_url = excluded.clone_url THEN orchestrator.repositories.external_id
    END,
    changed_at = now()
RETURNING id, forge, full_name, clone_url, api_url, token, webhook_secret, removed_at
