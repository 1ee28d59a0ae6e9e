-- Lists the remarks of a run: errors before warnings before notices where there are too many or too long ones.
SELECT id, job_id, attempt, level, file, line, text, created_at
FROM (
    SELECT id, job_id, attempt, level, file, line, text, created_at,
        sum(octet_length(text)) OVER (ORDER BY array_position('{error,warning,notice}'::text[], level), id) AS bytes_up_to
    FROM api.annotations
    WHERE run_id = %(run)s
    ORDER BY array_position('{error,warning,notice}'::text[], level), id
    LIMIT %(limit)s
) AS annotations
WHERE bytes_up_to <= %(bytes_max)s
ORDER BY id
