-- What a replica itself says is wrong with its host: then it takes no work.

ALTER TABLE runners ADD COLUMN problem text NOT NULL DEFAULT '';

CREATE VIEW api.runner_problems AS
SELECT runner, replica, problem
FROM runners
WHERE problem <> '' AND alive_until > now();
