-- Note a verified delivery of a repository in use.
INSERT INTO orchestrator.hooks AS hook
    (repository_id, delivery_count, delivered_at, delivered_event, signed_with, tested_at)
SELECT id, 1, %(received_at)s::timestamptz, %(event)s, %(secret_number)s::integer,
    CASE WHEN %(is_test)s::boolean THEN %(received_at)s::timestamptz END
FROM orchestrator.repositories
WHERE id = %(repository_id)s AND removed_at IS NULL
ON CONFLICT (repository_id) DO UPDATE
SET delivery_count = hook.delivery_count + 1,
    delivered_at = greatest(hook.delivered_at, excluded.delivered_at),
    delivered_event = excluded.delivered_event,
    signed_with = greatest(hook.signed_with, excluded.signed_with),
    tested_at = greatest(hook.tested_at, excluded.tested_at)
