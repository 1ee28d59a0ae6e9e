-- Containers beside a job have logs of their own; a job's own has an empty name here.
ALTER TABLE logs
    ADD COLUMN container text NOT NULL DEFAULT '',
    DROP CONSTRAINT logs_pkey,
    ADD PRIMARY KEY (job, attempt, container);

DROP INDEX logs_incomplete;
CREATE INDEX logs_incomplete ON logs (job, attempt, container) WHERE NOT is_complete;
