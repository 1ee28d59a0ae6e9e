-- Measure a range of the items of a list, without those that have been overwritten.
SELECT coalesce(sum(octet_length(value)), 0)::bigint AS bytes
FROM orchestrator.data_items
WHERE run_id = %(run_id)s
    AND key = %(key)s
    AND position >= %(start)s
    AND position < %(stop)s
    AND position <> ALL(%(overwritten)s::bigint[])
