-- Heed a comment later.
UPDATE orchestrator.approval_comments
SET next_at = now() + make_interval(secs => %(seconds)s), sha = %(sha)s
WHERE trigger_id = %(trigger_id)s AND number = %(number)s
