-- Note why a webhook could not be made right, where it was to lead to, and when it is tried again (null: it is not).
UPDATE orchestrator.hooks
SET problem = %(problem)s, retry_at = now() + make_interval(secs => %(seconds)s),
    url = CASE WHEN url = '' THEN %(url)s ELSE url END
WHERE repository_id = %(repository_id)s
