-- Reads what is known of a repository's webhook and its deliveries.
SELECT hook_id, url, problem, is_rotating, forge_is_to_be_told, told_at, delivered_at, delivered_event, tested_at, refused_at
FROM api.repository_hooks
WHERE repository_id = %(repository)s
