-- Note that a runner host is there. No row: that was known.
INSERT INTO orchestrator.hosts AS host (runner)
VALUES (%(runner)s)
ON CONFLICT (runner) DO UPDATE SET is_lost = false, joined_at = now() WHERE host.is_lost
RETURNING runner
