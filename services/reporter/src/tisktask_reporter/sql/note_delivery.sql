-- After a delivery: the account is well again. What was given up while nothing got through gets a second chance.
WITH well AS (
    UPDATE reporter.accounts AS account
    SET pauses = 0, failing_since = NULL
    FROM (SELECT account, failing_since FROM reporter.accounts WHERE account = %(account)s FOR UPDATE) AS before
    WHERE account.account = before.account AND (account.pauses > 0 OR account.failing_since IS NOT NULL)
    RETURNING account.account, before.failing_since
)
UPDATE reporter.statuses AS status
SET next_try_at = now(), outcome = 'waiting', tries = 0, faults = %(faults_max)s - 1, has_second_chance = true
FROM well
JOIN reporter.repositories AS repository USING (account)
WHERE status.repository_id = repository.repository_id
    AND status.outcome = 'given_up'
    AND status.failing_since >= well.failing_since
    AND NOT status.has_second_chance
RETURNING status.context
