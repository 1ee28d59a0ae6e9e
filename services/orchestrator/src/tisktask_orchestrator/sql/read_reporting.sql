-- Read how a repository's forge is told of its runs; also of a removed one.
SELECT app_id, app_key, has_comment
FROM orchestrator.repositories
WHERE id = %(id)s
