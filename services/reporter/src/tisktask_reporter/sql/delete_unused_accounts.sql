-- Forget repositories without statuses, and accounts that no repository uses, unless they pause.
WITH unused AS (
    DELETE FROM reporter.repositories AS repository
    WHERE NOT EXISTS (SELECT FROM reporter.statuses AS status WHERE status.repository_id = repository.repository_id)
)
DELETE FROM reporter.accounts AS account
WHERE next_write_at < now() AND budget_at < now()
    AND NOT EXISTS (SELECT FROM reporter.repositories AS repository WHERE repository.account = account.account)
RETURNING account
