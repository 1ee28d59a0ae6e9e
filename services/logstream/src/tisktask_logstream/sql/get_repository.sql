-- Reads one repository.
SELECT id, forge, full_name, clone_url, api_url, has_token, has_webhook_secret, created_at,
    supersede_pull_requests, supersede_branches, jobs_max, priority,
    keep_days, keep_min, keep_max, reporting.app_id, coalesce(reporting.has_comment, false) AS has_comment,
    reconcile, looks.seen_at AS looked_at,
    array(
        SELECT problem
        FROM unnest(ARRAY[looks.error, looks.pulls_error, looks.deliveries_error]) WITH ORDINALITY AS one (problem, place)
        WHERE problem <> '' AND (reconcile OR place = 1)
    ) AS look_problems
FROM api.repositories
LEFT JOIN api.retention ON retention.repository_id = repositories.id
LEFT JOIN api.repository_reporting AS reporting ON reporting.repository_id = repositories.id
LEFT JOIN api.looks ON looks.repository_id = repositories.id
WHERE id = %(id)s
