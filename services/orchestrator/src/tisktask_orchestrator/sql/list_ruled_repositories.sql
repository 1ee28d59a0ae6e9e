-- List repositories, or one by its name or id, with the rules that hold for their runs; removed ones as long as there is
-- something of them.
SELECT
    id, full_name,
    removed_at IS NOT NULL AS is_removed,
    coalesce(keep_days, %(keep_days)s) AS keep_days,
    coalesce(keep_min, %(keep_min)s) AS keep_min,
    coalesce(keep_max, %(keep_max)s) AS keep_max
FROM orchestrator.repositories
WHERE %(repository)s = '' OR full_name = %(repository)s OR id = %(repository)s
ORDER BY full_name, id
