-- Write nothing with an account for a while; posts that were under way together count as one pause.
UPDATE reporter.accounts
SET pauses = pauses + CASE WHEN %(claimed_at_pauses)s = pauses THEN 1 ELSE 0 END,
    next_write_at = greatest(next_write_at, now() + %(seconds)s * interval '1 second'),
    failing_since = CASE WHEN %(is_away)s THEN coalesce(failing_since, now()) ELSE failing_since END
WHERE account = %(account)s
RETURNING account
