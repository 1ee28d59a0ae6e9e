-- Let others set up a repository's webhook; nothing happens if the turn was over, and somebody else has it.
UPDATE orchestrator.hooks SET busy_until = NULL WHERE repository_id = %(repository_id)s AND busy_until = %(busy_until)s
