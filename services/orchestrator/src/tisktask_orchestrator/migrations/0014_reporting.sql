-- How a repository's forge is told of its runs, besides by statuses.

ALTER TABLE repositories
    -- The GitHub App that speaks for us there, and its private key, locked with the master key.
    ADD COLUMN app_id text,
    ADD COLUMN app_key bytea,
    -- Whether pull requests have a comment that is kept up to date.
    ADD COLUMN has_comment boolean NOT NULL DEFAULT false;
ALTER TABLE repositories ADD CONSTRAINT app_has_key CHECK ((app_id IS NULL) = (app_key IS NULL));

CREATE VIEW api.repository_reporting AS
SELECT id AS repository_id, app_id, has_comment
FROM orchestrator.repositories
WHERE removed_at IS NULL;
