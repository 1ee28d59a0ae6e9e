-- Forgets the logs of a run.
DELETE FROM logstream.logs WHERE run = %(run)s
