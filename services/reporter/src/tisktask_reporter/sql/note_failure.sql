-- Remember since when a forge fails with everything; a delivery forgets it.
UPDATE reporter.accounts SET failing_since = now() WHERE account = %(account)s AND failing_since IS NULL
RETURNING account
