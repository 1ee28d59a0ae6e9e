-- Tell whether a replica is paused, by itself or with its host.
SELECT EXISTS (
    SELECT FROM orchestrator.runner_pauses
    WHERE runner = %(runner)s AND replica IN ('', %(replica)s)
) AS is_paused
