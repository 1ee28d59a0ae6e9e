-- Keep a comment that may approve runs, until it was heeded.
INSERT INTO orchestrator.approval_comments (trigger_id, repository_id, pull_request, actor, sha, command, said_at)
VALUES (%(trigger_id)s, %(repository_id)s, %(pull_request)s, %(actor)s, %(sha)s, %(command)s, %(said_at)s)
