-- Lists the repositories that are not removed.
SELECT id, forge, full_name, clone_url, api_url, has_token, has_webhook_secret, created_at,
    supersede_pull_requests, supersede_branches, jobs_max, priority
FROM api.repositories
ORDER BY full_name, forge
