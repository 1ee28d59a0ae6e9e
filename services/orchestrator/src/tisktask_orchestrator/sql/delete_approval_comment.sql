-- Forget a comment that was heeded.
DELETE FROM orchestrator.approval_comments
WHERE trigger_id = %(trigger_id)s AND number = %(number)s
