-- Read what a run is called and which commit it is about.
SELECT number, sha FROM api.runs WHERE id = %(run_id)s
