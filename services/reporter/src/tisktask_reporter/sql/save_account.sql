-- Remember which account a repository is written to with.
WITH known AS (
    INSERT INTO reporter.accounts (account, at_once)
    VALUES (%(account)s, %(at_once)s)
    ON CONFLICT (account) DO UPDATE SET at_once = excluded.at_once WHERE accounts.at_once <> excluded.at_once
)
INSERT INTO reporter.repositories AS known (repository_id, account)
VALUES (%(repository_id)s, %(account)s)
ON CONFLICT (repository_id) DO UPDATE SET account = excluded.account
WHERE known.account IS DISTINCT FROM excluded.account
RETURNING account
