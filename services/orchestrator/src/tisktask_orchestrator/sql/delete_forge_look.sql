-- Forget what a forge has told of a repository.
DELETE FROM orchestrator.forge_looks WHERE repository_id = %(repository_id)s
