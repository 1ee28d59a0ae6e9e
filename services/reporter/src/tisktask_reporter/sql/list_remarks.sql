-- List remarks without a place in a file: of a job, or (of a run) of the jobs without a check of their own.
SELECT annotation.level, left(annotation.text, 4000) AS text
FROM api.annotations AS annotation
JOIN api.jobs AS job ON job.id = annotation.job_id
WHERE annotation.run_id = %(run_id)s
    AND annotation.file IS NULL
    AND CASE WHEN %(job_id)s::text IS NULL THEN NOT job.has_status ELSE job.id = %(job_id)s END
ORDER BY annotation.id
LIMIT %(count)s
