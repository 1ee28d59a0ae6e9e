-- List statuses that can be posted now, the freshest first: of each account as many as it has room for.
WITH busy AS (
    SELECT repository.account, count(*) AS claims
    FROM reporter.statuses AS status
    JOIN reporter.repositories AS repository USING (repository_id)
    WHERE status.claimed_until > now()
    GROUP BY repository.account
)
SELECT repository_id, sha, context
FROM (
    SELECT due.repository_id, due.sha, due.context, due.wanted_at,
        coalesce(account.at_once, 1) - coalesce(busy.claims, 0) AS room,
        row_number() OVER (
            PARTITION BY coalesce(repository.account, repository.repository_id) ORDER BY due.wanted_at DESC
        ) AS place
    FROM reporter.repositories AS repository
    LEFT JOIN reporter.accounts AS account USING (account)
    LEFT JOIN busy USING (account)
    CROSS JOIN LATERAL (
        SELECT status.repository_id, status.sha, status.context, status.wanted_at
        FROM reporter.statuses AS status
        WHERE status.repository_id = repository.repository_id
            AND status.next_try_at <= now()
            AND (status.claimed_until IS NULL OR status.claimed_until <= now())
        ORDER BY status.wanted_at DESC
        LIMIT %(count)s
    ) AS due
    WHERE account.next_write_at IS NULL OR account.next_write_at <= now()
) AS ready
WHERE place <= room
ORDER BY wanted_at DESC
LIMIT %(count)s
