-- Note that a piece of the answer is in.
UPDATE orchestrator.looks
SET seen_up_to = %(until)s, leased_until = now() + make_interval(secs => %(lease_seconds)s)
WHERE repository_id = %(repository_id)s
