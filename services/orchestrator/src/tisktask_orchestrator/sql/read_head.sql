-- Read the commit that a ref stood at when its repository was last looked at; no ref: the default branch.
SELECT head.ref, head.sha
FROM orchestrator.looks AS look
JOIN orchestrator.repository_heads AS head
    ON head.repository_id = look.repository_id AND head.ref = coalesce(%(ref)s::text, look.default_ref)
WHERE look.repository_id = %(repository_id)s
