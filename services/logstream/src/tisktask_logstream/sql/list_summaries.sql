-- Lists what the jobs of a run say in summary; null behind so many bytes of all together.
SELECT id, CASE WHEN bytes_up_to <= %(bytes_max)s THEN summary END AS summary
FROM (
    SELECT id, summary, sum(octet_length(summary)) OVER (ORDER BY id) AS bytes_up_to
    FROM api.jobs
    WHERE run_id = %(run)s AND summary <> ''
) AS jobs
