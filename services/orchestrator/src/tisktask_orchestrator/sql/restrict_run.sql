-- Keep a run apart from the trusted ones, and pin the programs that it may have; empty: any.
UPDATE orchestrator.runs
SET is_restricted = true, scope = %(scope)s, approved_tree = %(approved_tree)s
WHERE id = %(run_id)s
