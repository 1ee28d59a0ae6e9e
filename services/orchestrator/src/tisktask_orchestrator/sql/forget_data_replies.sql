-- Forget answers that nobody asks for again.
DELETE FROM orchestrator.data_replies
WHERE at < now() - make_interval(secs => %(age_seconds)s)
