-- What the jobs of a run share, as Redis would keep it; locks of repositories; who listens to channels.

-- Its row is the lock under which the commands of a run are executed one after the other.
CREATE TABLE run_data (
    run_id text PRIMARY KEY REFERENCES runs,
    bytes_used bigint NOT NULL DEFAULT 0,
    keys_used integer NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE data_keys (
    run_id text NOT NULL REFERENCES run_data ON DELETE CASCADE,
    key bytea NOT NULL,
    -- In which order keys were made: SCAN goes along it.
    place bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL CHECK (kind IN ('string', 'list', 'hash')),
    -- Of a string.
    value bytea,
    -- Milliseconds since 1970; null: it stays. Redis allows times that no timestamp can hold.
    expires_ms bigint,
    bytes_used bigint NOT NULL,
    -- Of a list: its items have all positions from the first to before the end.
    first_position bigint NOT NULL DEFAULT 0,
    end_position bigint NOT NULL DEFAULT 0,
    -- Of a hash: how many.
    fields_used integer NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, key)
) WITH (fillfactor = 70);
CREATE INDEX data_keys_by_place ON data_keys (run_id, place);

CREATE TABLE data_items (
    run_id text NOT NULL,
    key bytea NOT NULL,
    -- Grows to the right; pushes to the left go below zero.
    position bigint NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (run_id, key, position),
    FOREIGN KEY (run_id, key) REFERENCES data_keys ON DELETE CASCADE
);

CREATE TABLE data_fields (
    run_id text NOT NULL,
    key bytea NOT NULL,
    field bytea NOT NULL,
    -- A hash tells its fields in the order in which they came.
    place bigint GENERATED ALWAYS AS IDENTITY,
    value bytea NOT NULL,
    PRIMARY KEY (run_id, key, field),
    FOREIGN KEY (run_id, key) REFERENCES data_keys ON DELETE CASCADE
);

-- Answers that were given: a request that is repeated because its answer was lost gets the same one. No index on the
-- time: they are kept for minutes, and written far more often than forgotten.
CREATE TABLE data_replies (
    job_id text NOT NULL,
    request_id text NOT NULL,
    -- JSON. Not of type jsonb, which does not take all that JSON can say.
    replies text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job_id, request_id)
);

CREATE TABLE locks (
    repository_id text NOT NULL REFERENCES repositories,
    name text NOT NULL,
    job_id text NOT NULL REFERENCES jobs,
    attempt integer NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now(),
    -- null: at the job's end.
    expires_at timestamptz,
    PRIMARY KEY (repository_id, name)
);
CREATE INDEX locks_of_job ON locks (job_id);

CREATE TABLE lock_waiters (
    repository_id text NOT NULL REFERENCES repositories,
    name text NOT NULL,
    job_id text NOT NULL REFERENCES jobs,
    attempt integer NOT NULL,
    place bigint GENERATED ALWAYS AS IDENTITY,
    queued_at timestamptz NOT NULL DEFAULT now(),
    -- Who waits asks again every few seconds: who does not has gone.
    asked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (repository_id, name, job_id)
);
CREATE INDEX lock_waiters_of_job ON lock_waiters (job_id);

CREATE TABLE subscriptions (
    run_id text NOT NULL REFERENCES runs,
    job_id text NOT NULL REFERENCES jobs,
    attempt integer NOT NULL,
    runner text NOT NULL,
    channel bytea NOT NULL,
    connections integer NOT NULL,
    PRIMARY KEY (run_id, channel, job_id)
);
CREATE INDEX subscriptions_of_job ON subscriptions (job_id);
