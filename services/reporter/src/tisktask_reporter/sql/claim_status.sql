-- Take a status for one post, if it is still due and free; nobody else posts in its place until the claim ends.
UPDATE reporter.statuses
SET claim = claim + 1, claimed_until = now() + %(lease_seconds)s * interval '1 second'
WHERE (repository_id, sha, context) = (%(repository_id)s, %(sha)s, %(context)s)
    AND next_try_at <= now()
    AND (claimed_until IS NULL OR claimed_until <= now())
RETURNING claim, run_id, state, description, target_url, tries, faults,
    extract(epoch FROM now() - wanted_at)::float8 AS waited_seconds, failing_since,
    job_id, conclusion, told_as, check_id, check_of, annotations_told
