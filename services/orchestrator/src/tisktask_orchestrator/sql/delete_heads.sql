-- Forget the refs between two names that are not there any more.
DELETE FROM orchestrator.repository_heads
WHERE repository_id = %(repository_id)s
    AND ref > %(after)s COLLATE "C"
    AND (%(until)s::text IS NULL OR ref <= %(until)s::text COLLATE "C")
    AND ref <> ALL(%(refs)s::text[])
