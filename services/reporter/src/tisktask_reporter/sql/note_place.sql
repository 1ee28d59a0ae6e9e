-- Remember the check or comment that a claimed place is shown as, and how many annotations it has been given.
UPDATE reporter.statuses
SET told_as = %(told_as)s, check_id = %(check_id)s, check_of = %(check_of)s, annotations_told = %(annotations_told)s
WHERE (repository_id, sha, context) = (%(repository_id)s, %(sha)s, %(context)s) AND claim = %(claim)s
RETURNING claim
