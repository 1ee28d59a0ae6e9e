-- Count the looks that fail, and say since when the oldest one is wanted that could be made.
SELECT
    count(*) FILTER (WHERE look.error <> '') AS failing,
    coalesce(extract(epoch FROM now() - min(greatest(look.wanted_at, look.not_before))
        FILTER (WHERE look.wanted_at IS NOT NULL AND look.not_before <= now())), 0)::double precision AS oldest_seconds
FROM orchestrator.looks AS look
JOIN orchestrator.repositories AS repository ON repository.id = look.repository_id
WHERE repository.removed_at IS NULL
