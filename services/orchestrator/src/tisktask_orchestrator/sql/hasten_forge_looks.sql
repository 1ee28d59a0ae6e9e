-- Have all forges be asked soon, about each repository at a moment of its own.
UPDATE orchestrator.forge_looks
SET next_at = least(
    next_at,
    now() + make_interval(secs => %(within_seconds)s * (('x' || left(md5(repository_id), 6))::bit(24)::integer / 16777216.0))
)
