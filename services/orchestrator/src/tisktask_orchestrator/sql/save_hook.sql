-- Note where a webhook is, and with which secret the forge has it now (null: it was not told one).
UPDATE orchestrator.hooks
SET hook_id = %(hook_id)s, url = %(url)s, problem = '', retry_at = NULL,
    told_at = CASE WHEN %(told_number)s::integer IS NULL THEN told_at ELSE now() END,
    told_number = coalesce(%(told_number)s::integer, told_number)
WHERE repository_id = %(repository_id)s
