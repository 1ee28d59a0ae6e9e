-- What is known of each log; the logs themselves are files.
CREATE TABLE logs (
    job text NOT NULL,
    attempt integer NOT NULL CHECK (attempt > 0),
    run text NOT NULL,
    lines bigint NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    gaps integer NOT NULL DEFAULT 0,
    is_complete boolean NOT NULL DEFAULT false,
    is_truncated boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job, attempt)
);

CREATE INDEX logs_of_run ON logs (run);
CREATE INDEX logs_incomplete ON logs (job, attempt) WHERE NOT is_complete;
CREATE INDEX logs_by_update ON logs (updated_at);
