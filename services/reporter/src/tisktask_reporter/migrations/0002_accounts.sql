-- Accounts at forges: how fast each may be written to, and whether it pauses. All reporters share what is here.

CREATE TABLE accounts (
    -- A hash of the forge's address and the token: all that is written with it counts together.
    account text PRIMARY KEY,
    -- Posts at once.
    at_once integer NOT NULL,
    -- Nothing is written before.
    next_write_at timestamptz NOT NULL DEFAULT '-infinity',
    -- What the forge allows in an hour is used up to here; further ahead than the burst allows, the account waits.
    budget_at timestamptz NOT NULL DEFAULT '-infinity',
    -- Pauses one after the other, with nothing delivered in between.
    pauses integer NOT NULL DEFAULT 0,
    -- The first failure of the forge since the last delivery; NULL: it is well.
    failing_since timestamptz
);

CREATE TABLE repositories (
    repository_id text PRIMARY KEY,
    -- NULL: not known yet, or there is none.
    account text
);
INSERT INTO repositories (repository_id) SELECT DISTINCT repository_id FROM statuses;

ALTER TABLE statuses
    -- The first failure of the forge with this status; of one that was given up for failures, when it was.
    ADD COLUMN failing_since timestamptz,
    -- It was given up while nothing else got through either, and tried once more when something did.
    ADD COLUMN has_second_chance boolean NOT NULL DEFAULT false;

-- The freshest first.
CREATE INDEX statuses_fresh ON statuses (repository_id, wanted_at DESC) WHERE next_try_at IS NOT NULL;
CREATE INDEX statuses_claimed ON statuses (claimed_until) WHERE claimed_until IS NOT NULL;
CREATE INDEX statuses_given_up ON statuses (repository_id, failing_since) WHERE outcome = 'given_up';

-- For the pages of runs: what the forge does not show, and why.
CREATE SCHEMA IF NOT EXISTS api;
CREATE VIEW api.status_problems AS
SELECT run_id, context, state, outcome, error
FROM reporter.statuses
WHERE error <> '' AND outcome <> 'delivered';
CREATE INDEX statuses_of_run ON statuses (run_id);
