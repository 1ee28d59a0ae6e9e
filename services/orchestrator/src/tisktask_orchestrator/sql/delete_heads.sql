-- Forget the refs between two names that are not there any more.
DELETE FROM orchestrator.repository_heads AS head
WHERE repository_id = %(repository_id)s
    AND ref > %(after)s COLLATE "C"
    AND (%(until)s::text IS NULL OR ref <= %(until)s::text COLLATE "C")
    AND NOT EXISTS (SELECT FROM unnest(%(refs)s::text[]) AS seen (ref) WHERE seen.ref = head.ref)
