-- Records how far a log came. What comes of one that was deleted has files again, which are to be deleted, too.
INSERT INTO logstream.logs (job, attempt, container, run, lines, bytes, gaps, is_complete, is_truncated)
VALUES (
    %(job)s, %(attempt)s, %(container)s, %(run)s, %(lines)s, %(bytes)s, %(gaps)s, %(is_complete)s, %(is_truncated)s
)
ON CONFLICT (job, attempt, container) DO UPDATE
SET lines = excluded.lines,
    bytes = excluded.bytes,
    gaps = excluded.gaps,
    is_complete = excluded.is_complete,
    is_truncated = excluded.is_truncated,
    has_files = true,
    updated_at = now()
