-- Runners that a person has told to take nothing more.

CREATE TABLE runner_pauses (
    runner text NOT NULL,
    -- Empty: all replicas of the host, also those to come.
    replica text NOT NULL DEFAULT '',
    paused_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (runner, replica)
);

-- What the replica itself has said: from here on it takes nothing.
ALTER TABLE runners ADD COLUMN has_paused boolean NOT NULL DEFAULT false;

CREATE VIEW api.paused_runners AS
SELECT runner.runner, runner.replica, runner.has_paused, min(pause.paused_at) AS paused_at
FROM runners AS runner
JOIN runner_pauses AS pause ON pause.runner = runner.runner AND pause.replica IN ('', runner.replica)
GROUP BY runner.runner, runner.replica, runner.has_paused;
