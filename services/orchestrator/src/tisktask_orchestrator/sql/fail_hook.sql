-- Note why a webhook could not be made right, where it was to lead to (empty: as before), and when it is tried again (null: it is not).
UPDATE orchestrator.hooks
SET problem = %(problem)s, retry_at = now() + make_interval(secs => %(seconds)s),
    url = coalesce(nullif(%(url)s, ''), url)
WHERE repository_id = %(repository_id)s
