-- Tell in how many seconds a status falls due, a claim ends or an account may be written to again; NULL: never.
SELECT extract(epoch FROM least(
    (SELECT min(next_try_at) FROM reporter.statuses WHERE next_try_at > now()),
    (SELECT min(claimed_until) FROM reporter.statuses WHERE claimed_until > now()),
    (SELECT min(next_write_at) FROM reporter.accounts WHERE next_write_at > now())
) - now())::float8
