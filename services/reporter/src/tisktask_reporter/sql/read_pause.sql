-- Read for how long nothing is written with an account.
SELECT greatest(0, extract(epoch FROM next_write_at - now()))::float8
FROM reporter.accounts
WHERE account = %(account)s AND next_write_at > now()
