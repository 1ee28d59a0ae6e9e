-- All that the orchestrator knows. States are text: their CHECKs are tested against lifecycle.py.

CREATE TABLE repositories (
    id text PRIMARY KEY,
    forge text NOT NULL CHECK (forge IN ('github', 'forgejo', 'gitea', 'local')),
    full_name text NOT NULL,
    clone_url text NOT NULL,
    api_url text NOT NULL DEFAULT '',
    -- Both secrets are locked with the master key before they come here.
    token bytea,
    webhook_secret bytea,
    next_run_number bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz
);
CREATE UNIQUE INDEX repositories_in_use ON repositories (forge, lower(full_name)) WHERE removed_at IS NULL;
CREATE INDEX repositories_by_name ON repositories (full_name);

CREATE TABLE triggers (
    id text PRIMARY KEY,
    repository_id text NOT NULL REFERENCES repositories,
    delivery text NOT NULL,
    payload_chunks integer NOT NULL DEFAULT 0,
    payload_bytes bigint NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL,
    UNIQUE (repository_id, delivery)
);

CREATE TABLE runs (
    id text PRIMARY KEY,
    number bigint NOT NULL,
    repository_id text NOT NULL REFERENCES repositories,
    trigger_id text NOT NULL REFERENCES triggers,
    state text NOT NULL CHECK (state IN (
        'staged', 'awaiting_approval', 'preparing', 'running',
        'succeeded', 'failed', 'errored', 'cancelled', 'timed_out', 'skipped'
    )),
    reason text NOT NULL DEFAULT '',
    change jsonb NOT NULL,
    sha text NOT NULL GENERATED ALWAYS AS (change ->> 'sha') STORED,
    warnings text[] NOT NULL DEFAULT '{}',
    -- Counts the events of the run: consumers order by it.
    revision bigint NOT NULL DEFAULT 0,
    -- How an order to stop wants the run to end; null: no order.
    stop_state text CHECK (stop_state IN ('cancelled', 'timed_out')),
    stop_reason text NOT NULL DEFAULT '',
    stop_requested_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    UNIQUE (repository_id, number)
);
CREATE INDEX runs_of_repository ON runs (repository_id, id);
CREATE INDEX runs_of_commit ON runs (sha, id);
CREATE INDEX runs_of_trigger ON runs (trigger_id);
CREATE INDEX runs_unfinished ON runs (created_at) WHERE finished_at IS NULL;

CREATE TABLE jobs (
    id text PRIMARY KEY,
    run_id text NOT NULL REFERENCES runs,
    repository_id text NOT NULL REFERENCES repositories,
    kind text NOT NULL CHECK (kind IN ('prepare', 'program')),
    name text NOT NULL,
    path text NOT NULL DEFAULT '',
    build_file text,
    image_key text,
    parent_job_id text REFERENCES jobs,
    pool text NOT NULL,
    state text NOT NULL CHECK (state IN (
        'queued', 'starting', 'running',
        'succeeded', 'failed', 'errored', 'cancelled', 'timed_out', 'skipped'
    )),
    reason text NOT NULL DEFAULT '',
    exit_code integer,
    signal integer,
    out_of_memory boolean NOT NULL DEFAULT false,
    -- The newest attempt: the fence.
    attempt integer NOT NULL DEFAULT 1,
    runner text,
    stop_state text CHECK (stop_state IN ('cancelled', 'timed_out')),
    stop_reason text NOT NULL DEFAULT '',
    stop_requested_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    queued_at timestamptz NOT NULL DEFAULT now(),
    -- When the attempt was put on the work stream; null: it waits here.
    dispatched_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    UNIQUE (run_id, kind, name)
);
CREATE INDEX jobs_waiting ON jobs (pool, repository_id, id) WHERE finished_at IS NULL AND dispatched_at IS NULL;
CREATE INDEX jobs_taken ON jobs (pool, repository_id) WHERE finished_at IS NULL AND dispatched_at IS NOT NULL;

CREATE TABLE attempts (
    job_id text NOT NULL REFERENCES jobs,
    attempt integer NOT NULL,
    runner text NOT NULL,
    state text NOT NULL CHECK (state IN (
        'starting', 'running', 'succeeded', 'failed', 'errored', 'cancelled', 'timed_out'
    )),
    reason text NOT NULL DEFAULT '',
    exit_code integer,
    signal integer,
    out_of_memory boolean NOT NULL DEFAULT false,
    lease_until timestamptz NOT NULL,
    -- When the job has had its time; null: no limit.
    deadline_at timestamptz,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (job_id, attempt)
);
-- Leases change every few seconds: they are in no index, so that the update stays cheap.
CREATE INDEX attempts_alive ON attempts (runner) WHERE finished_at IS NULL;

CREATE TABLE history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id text NOT NULL REFERENCES runs,
    job_id text REFERENCES jobs,
    attempt integer,
    from_state text,
    to_state text NOT NULL,
    reason text NOT NULL DEFAULT '',
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX history_of_run ON history (run_id, id);

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Messages of one lane leave in order, lanes do not wait for each other.
    lane text NOT NULL,
    subject text NOT NULL,
    message_id text NOT NULL UNIQUE,
    data bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE hosts (
    runner text PRIMARY KEY,
    is_lost boolean NOT NULL DEFAULT false,
    joined_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE runners (
    runner text NOT NULL REFERENCES hosts,
    replica text NOT NULL,
    pool text NOT NULL,
    slots integer NOT NULL,
    busy integer NOT NULL,
    is_draining boolean NOT NULL,
    version text NOT NULL,
    engine text NOT NULL,
    last_seen_at timestamptz NOT NULL,
    alive_until timestamptz NOT NULL,
    PRIMARY KEY (runner, replica)
);
