-- Begin to vet a run.
INSERT INTO orchestrator.vettings (run_id, why)
VALUES (%(run_id)s, %(why)s)
