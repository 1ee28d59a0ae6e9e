-- Runs that people and schedules want, without a webhook.

ALTER TABLE triggers
    -- What a run is given besides its change; re-runs have the same trigger.
    ADD COLUMN inputs jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN schedule text NOT NULL DEFAULT '',
    ADD COLUMN scheduled_at timestamptz;

CREATE TABLE schedules (
    id text PRIMARY KEY,
    repository_id text NOT NULL REFERENCES repositories,
    -- Also the folder below .tisktask/schedule/.
    name text NOT NULL,
    cron text NOT NULL,
    time_zone text NOT NULL,
    -- null: the default branch.
    ref text,
    inputs jsonb NOT NULL DEFAULT '{}',
    overlap text NOT NULL CHECK (overlap IN ('skip', 'allow')),
    is_paused boolean NOT NULL DEFAULT false,
    -- Who moves this one on has fired it. null: it is paused.
    next_at timestamptz,
    -- The newest time that was answered, by a start or by leaving it out.
    last_due_at timestamptz,
    -- Why the newest time was left out; empty: it was not.
    skipped text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (repository_id, name)
);
CREATE INDEX schedules_due ON schedules (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE starts (
    id text PRIMARY KEY,
    repository_id text NOT NULL REFERENCES repositories,
    -- Of the trigger that it becomes: asked for again, it is this one.
    delivery text NOT NULL,
    schedule_id text REFERENCES schedules ON DELETE SET NULL,
    event text NOT NULL,
    action text,
    ref text,
    -- null: what the ref leads to, once that was looked up.
    sha text,
    actor text NOT NULL DEFAULT '',
    inputs jsonb NOT NULL DEFAULT '{}',
    schedule text NOT NULL DEFAULT '',
    scheduled_at timestamptz,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'started', 'failed')),
    -- Why it failed.
    reason text NOT NULL DEFAULT '',
    run_id text REFERENCES runs ON DELETE SET NULL,
    wanted_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    UNIQUE (repository_id, delivery)
);
CREATE INDEX starts_waiting ON starts (repository_id, wanted_at) WHERE state = 'waiting';
CREATE INDEX starts_of_repository ON starts (repository_id, id);
CREATE INDEX starts_of_schedule ON starts (schedule_id, id) WHERE schedule_id IS NOT NULL;
CREATE INDEX starts_of_run ON starts (run_id) WHERE run_id IS NOT NULL;

CREATE VIEW api.starts AS
SELECT
    start.id, start.repository_id, repository.full_name AS repository, start.event, start.action, start.ref, start.sha,
    start.actor, start.inputs, start.schedule, start.scheduled_at, start.state,
    CASE WHEN start.state = 'waiting' THEN coalesce(look.error, '') ELSE start.reason END AS reason, start.run_id,
    run.number AS run_number, run.state AS run_state, start.wanted_at, start.ended_at
FROM starts AS start
JOIN repositories AS repository ON repository.id = start.repository_id
LEFT JOIN runs AS run ON run.id = start.run_id
LEFT JOIN looks AS look ON look.repository_id = start.repository_id;

CREATE VIEW api.schedules AS
SELECT
    schedule.id, schedule.repository_id, schedule.name, schedule.cron, schedule.time_zone, schedule.ref,
    schedule.inputs, schedule.overlap, schedule.is_paused, schedule.next_at, schedule.last_due_at, schedule.skipped,
    schedule.created_at, schedule.changed_at, last.id AS last_start_id
FROM schedules AS schedule
LEFT JOIN LATERAL (
    SELECT start.id FROM starts AS start WHERE start.schedule_id = schedule.id ORDER BY start.id DESC LIMIT 1
) AS last ON true;

CREATE VIEW api.given AS
SELECT run.id AS run_id, trigger.inputs, trigger.schedule, trigger.scheduled_at
FROM runs AS run
JOIN triggers AS trigger ON trigger.id = run.trigger_id;
