-- List the unfinished runs that a trigger's run has overtaken, if its repository wants that: older ones of another commit of its
-- line. A push that an earlier one says to have followed came late: it overtakes nothing.
SELECT older.id AS run_id, newest.number AS newest_number
FROM orchestrator.runs AS newest
JOIN orchestrator.repositories AS repository ON repository.id = newest.repository_id
JOIN orchestrator.runs AS older
    ON older.repository_id = newest.repository_id AND older.line = newest.line AND older.number < newest.number
WHERE newest.trigger_id = %(trigger_id)s
    AND CASE
        WHEN newest.line LIKE 'pull_request/%%' THEN repository.supersede_pull_requests
        ELSE repository.supersede_branches
    END
    AND older.finished_at IS NULL
    AND older.stop_state IS NULL
    AND older.sha <> newest.sha
    AND NOT EXISTS (
        SELECT FROM orchestrator.runs AS later
        WHERE later.repository_id = newest.repository_id
            AND later.line = newest.line
            AND later.number < newest.number
            AND later.finished_at IS NULL
            AND later.change ->> 'base_sha' = newest.sha
            AND later.sha IS DISTINCT FROM newest.change ->> 'base_sha'
    )
ORDER BY older.number
