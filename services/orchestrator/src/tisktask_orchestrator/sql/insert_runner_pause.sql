-- Note that a host, or a replica of it, is to take nothing more.
INSERT INTO orchestrator.runner_pauses (runner, replica)
VALUES (%(runner)s, %(replica)s)
ON CONFLICT DO NOTHING
