-- Begin anew to compare: what is seen next is only what was there.
UPDATE orchestrator.looks SET baseline_url = NULL WHERE repository_id = %(repository_id)s
