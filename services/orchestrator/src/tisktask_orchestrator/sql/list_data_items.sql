-- List a range of the items of a list.
SELECT position, value
FROM orchestrator.data_items
WHERE run_id = %(run_id)s AND key = %(key)s AND position >= %(start)s AND position < %(stop)s
