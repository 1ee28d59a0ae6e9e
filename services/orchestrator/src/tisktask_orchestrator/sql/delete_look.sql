-- Forget what is known of a repository's heads.
DELETE FROM orchestrator.looks WHERE repository_id = %(repository_id)s
