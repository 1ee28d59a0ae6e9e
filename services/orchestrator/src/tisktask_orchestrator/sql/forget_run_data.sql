-- Forget the data of runs that ended some days ago.
DELETE FROM orchestrator.run_data AS data
USING orchestrator.runs AS run
WHERE run.id = data.run_id AND run.finished_at < now() - make_interval(secs => %(age_seconds)s)
