-- Lists those of some runs that there are.
SELECT id FROM api.runs WHERE id = ANY(%(runs)s::text[])
