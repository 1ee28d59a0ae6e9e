-- What is known of each repository's webhook: where it is at the forge, which secret it signs with, what came of it last.

CREATE TABLE hooks (
    repository_id text PRIMARY KEY REFERENCES repositories ON DELETE CASCADE,
    -- The forge's number of it and where it leads to, once the forge has told so.
    hook_id bigint,
    url text NOT NULL DEFAULT '',
    -- Secrets are counted, so that it can be said with which a delivery was signed; this is the number of the current one.
    secret_number integer NOT NULL DEFAULT 1,
    -- While the secret is exchanged: the next one, locked, with the next number. Both are good.
    next_secret bytea,
    -- The newest secret that the forge has confirmed to have.
    told_number integer,
    told_at timestamptz,
    -- Who sets the webhook up has this long; others wait.
    busy_until timestamptz,
    -- What the forge could not be told for a while is told again then.
    retry_at timestamptz,
    -- Why it could not be made right the last time.
    problem text NOT NULL DEFAULT '',
    -- Of verified deliveries: how many were noted (not all are), and what the last one was.
    delivery_count bigint NOT NULL DEFAULT 0,
    delivered_at timestamptz,
    delivered_event text NOT NULL DEFAULT '',
    signed_with integer,
    tested_at timestamptz,
    -- Of those that name the repository, but are not signed with its secret.
    refused_count bigint NOT NULL DEFAULT 0,
    refused_at timestamptz
);
CREATE INDEX hooks_to_tend ON hooks (repository_id) WHERE next_secret IS NOT NULL OR retry_at IS NOT NULL;

CREATE VIEW api.repository_hooks AS
SELECT
    hook.repository_id, hook.hook_id, hook.url, hook.problem,
    hook.next_secret IS NOT NULL AS is_rotating,
    hook.next_secret IS NOT NULL AND hook.told_number IS DISTINCT FROM hook.secret_number + 1 AS forge_is_to_be_told,
    hook.told_at, hook.delivered_at, hook.delivered_event, hook.tested_at, hook.refused_at
FROM hooks AS hook
JOIN repositories AS repository ON repository.id = hook.repository_id
WHERE repository.removed_at IS NULL;
