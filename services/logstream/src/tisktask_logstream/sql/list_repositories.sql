-- Lists the repositories that are not removed.
SELECT id, forge, full_name, clone_url, api_url, has_token, has_webhook_secret, created_at,
    supersede_pull_requests, supersede_branches, jobs_max, priority,
    keep_days, keep_min, keep_max
FROM api.repositories
LEFT JOIN api.retention ON retention.repository_id = repositories.id
ORDER BY full_name, forge
