-- What branches and tags of repositories stand at, who is to look at them, and what came without a webhook.

ALTER TABLE repositories ADD COLUMN reconcile boolean NOT NULL DEFAULT true;
-- In a folder commits come and go that nobody wants to run.
UPDATE repositories SET reconcile = false WHERE forge = 'local';

-- One look at a repository after the other: it is offered to one runner host at a time.
CREATE TABLE looks (
    repository_id text PRIMARY KEY REFERENCES repositories,
    -- Grows with each offer: answers of an older look change nothing.
    number bigint NOT NULL DEFAULT 0,
    -- Since when somebody waits for a look; null: nobody does.
    wanted_at timestamptz,
    -- After a failure it is not offered again before.
    not_before timestamptz NOT NULL DEFAULT 'epoch',
    -- When it is wanted again by itself.
    next_at timestamptz NOT NULL DEFAULT now(),
    -- To whom it was offered, and until when it may take and answer it; null: to nobody.
    runner text,
    leased_until timestamptz,
    taken_at timestamptz,
    -- The answer comes in pieces, in the order of the refs' names: up to here they are in.
    seen_up_to text NOT NULL DEFAULT '',
    -- Offers since the last look that went well.
    tries integer NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT '',
    failed_at timestamptz,
    -- Of the last one that went well: its end, and its beginning: what has happened since it may not have seen.
    seen_at timestamptz,
    seen_from timestamptz,
    -- HEAD of the repository: refs/heads/main; null: it is empty, or was not seen yet.
    default_ref text,
    -- Where the heads were seen that runs are compared with; null: what is seen next is only where we begin.
    baseline_url text
);
CREATE INDEX looks_wanted ON looks (wanted_at) WHERE wanted_at IS NOT NULL;
INSERT INTO looks (repository_id, next_at) SELECT id, now() FROM repositories WHERE removed_at IS NULL;

CREATE TABLE repository_heads (
    repository_id text NOT NULL REFERENCES looks ON DELETE CASCADE,
    ref text COLLATE "C" NOT NULL,
    -- The commit; of an annotated tag the one that it names.
    sha text NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    -- What runs were made for, or what was there at the beginning; differs from sha while it is not known whether
    -- there is a run. null: the ref is new.
    settled_sha text,
    -- Runs that were made since then may be about what is new; null: all that there are.
    settled_from timestamptz,
    PRIMARY KEY (repository_id, ref)
);
CREATE INDEX repository_heads_unsettled ON repository_heads (repository_id, first_seen_at)
    WHERE settled_sha IS DISTINCT FROM sha;

-- What forges are asked, through the reporter: the open pull requests, and what GitHub could not deliver.
CREATE TABLE forge_looks (
    repository_id text PRIMARY KEY REFERENCES repositories,
    -- Grows with each time that somebody begins to ask: who was too slow changes nothing.
    number bigint NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now(),
    tries integer NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT '',
    failed_at timestamptz,
    seen_at timestamptz,
    -- Where the pull requests were seen that runs are compared with; null: what is seen next is only where we begin.
    baseline_url text,
    -- Deliveries that have failed since then may not have come; when GitHub is asked for them again, and why in vain.
    deliveries_from timestamptz NOT NULL DEFAULT now(),
    deliveries_next_at timestamptz NOT NULL DEFAULT now(),
    deliveries_error text NOT NULL DEFAULT ''
);

CREATE TABLE repository_pulls (
    repository_id text NOT NULL REFERENCES forge_looks ON DELETE CASCADE,
    number bigint NOT NULL,
    sha text NOT NULL,
    -- What a run of it would build.
    change jsonb NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    -- As with heads.
    settled_sha text,
    PRIMARY KEY (repository_id, number)
);
CREATE INDEX repository_pulls_unsettled ON repository_pulls (repository_id, first_seen_at)
    WHERE settled_sha IS DISTINCT FROM sha;
CREATE INDEX runs_of_pull_request ON runs (repository_id, (change ->> 'pull_request'))
    WHERE change ->> 'pull_request' IS NOT NULL;

-- Whether a runner knows what a look is.
ALTER TABLE runners ADD COLUMN can_look boolean NOT NULL DEFAULT false;

-- What made a trigger; and the webhook that came late for what had been found without it: it is the same.
ALTER TABLE triggers
    ADD COLUMN origin text NOT NULL DEFAULT 'webhook' CHECK (origin IN ('webhook', 'reconcile', 'schedule', 'manual')),
    ADD COLUMN same_as text REFERENCES triggers ON DELETE CASCADE;
CREATE UNIQUE INDEX triggers_same_as ON triggers (same_as) WHERE same_as IS NOT NULL;

CREATE VIEW api.looks AS
SELECT
    look.repository_id, look.seen_at, look.default_ref, look.error, look.failed_at,
    look.wanted_at IS NOT NULL AS is_wanted,
    greatest(look.not_before, look.next_at) AS next_at,
    coalesce(forge.error, '') AS pulls_error,
    coalesce(forge.deliveries_error, '') AS deliveries_error
FROM looks AS look
LEFT JOIN forge_looks AS forge ON forge.repository_id = look.repository_id;

CREATE OR REPLACE VIEW api.repositories AS
SELECT
    id, forge, full_name, clone_url, api_url,
    token IS NOT NULL AS has_token,
    webhook_secret IS NOT NULL AS has_webhook_secret,
    created_at,
    supersede_pull_requests, supersede_branches, jobs_max, priority,
    reconcile
FROM orchestrator.repositories
WHERE removed_at IS NULL;
