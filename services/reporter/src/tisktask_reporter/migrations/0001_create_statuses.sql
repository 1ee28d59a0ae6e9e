-- What each forge is to show, what it was last told, and when to tell it again.
CREATE TABLE statuses (
    repository_id text NOT NULL,
    sha text NOT NULL,
    context text NOT NULL,
    forge text NOT NULL,
    -- The event that the desired state comes from: a lesser (run_number, revision) never overwrites.
    run_id text NOT NULL,
    run_number bigint NOT NULL,
    revision bigint NOT NULL,
    -- Desired.
    state text NOT NULL CHECK (state IN ('pending', 'success', 'failure', 'error', 'skipped')),
    description text NOT NULL,
    target_url text NOT NULL,
    wanted_at timestamptz NOT NULL DEFAULT now(),
    -- What the forge has confirmed.
    sent_state text,
    sent_description text,
    sent_target_url text,
    sent_at timestamptz,
    -- NULL: nothing to do. Then `outcome` says how it ended.
    next_try_at timestamptz DEFAULT now(),
    outcome text NOT NULL DEFAULT 'waiting' CHECK (outcome IN ('waiting', 'delivered', 'given_up', 'closed')),
    error text NOT NULL DEFAULT '',
    tries integer NOT NULL DEFAULT 0,
    faults integer NOT NULL DEFAULT 0,
    -- Who posts holds the claim until this time; its number is the fence for what it writes afterwards.
    claim bigint NOT NULL DEFAULT 0,
    claimed_until timestamptz,
    PRIMARY KEY (repository_id, sha, context)
);

CREATE INDEX statuses_due ON statuses (next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX statuses_wanted_at ON statuses (wanted_at);
