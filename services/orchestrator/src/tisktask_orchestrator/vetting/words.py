"""Every sentence about runs that somebody may have to allow."""

_SHA_SHOWN = 10
FROM_FORK = "The commit comes from a fork."
IS_BEING_LOOKED_AT = "the run is being looked at; it can be allowed or declined when it waits"
BY_SETTING = "The repository's setting `forks` lets it run."
BY_EARLIER_APPROVAL = "A run of the same person was approved before, and this one does not change .tisktask/."
REFUSED_BY_SETTING = "The repository's setting `forks` is `never`."
NO_TREE_TOLD = "The runner has not told which programs it has found: nobody could allow them."
SOMEBODY = "the administrator"
NO_SUCH_PULL = "it knows no such pull request"


def may_not_write(login: str) -> str:
    return f"@{login} may not write to the repository."


def right_unknown(login: str, problem: str) -> str:
    who = f"@{login}" if login else "who caused it"
    return f"It is not known whether {who} may write to the repository" + (f": {problem}." if problem else ".")


def waits(why: str) -> str:
    return f"Waits for approval. {why} Somebody who may write has to allow it: here, or by a comment `/ok-to-test`."


def never(why: str) -> str:
    return f"Not run: {why} {REFUSED_BY_SETTING}"


def too_many_waiting(most: int) -> str:
    return f"{most} runs of this pull request wait for approval already: decide about them, then run this one again."


def declined(actor: str, reason: str) -> str:
    said = f"Declined by {actor}"
    return f"{said}: {reason}" if reason.strip() else f"{said}."


def expired(days: float) -> str:
    return f"Nobody has approved it within {days:g} days."


def not_waiting(state: str) -> str:
    return f"the run does not wait for approval (it is {state})"


def asking(problem: str) -> str:
    return f"The forge is being asked again: {problem}"


# --- what is said on a waiting run about a comment


def approved_by_comment(login: str) -> str:
    return f"@{login} wrote /ok-to-test."


def may_not_approve(login: str) -> str:
    return f"@{login} wrote /ok-to-test, but may not write to the repository."


def can_not_be_told(login: str, problem: str) -> str:
    return f"@{login} wrote /ok-to-test, but the forge does not tell whether they may write: {problem}"


def head_not_told(login: str, problem: str) -> str:
    return f"@{login} wrote /ok-to-test, but the forge does not tell the pull request's head: {problem}"


def wrong_prefix(login: str, text: str) -> str:
    return f"@{login} wrote /ok-to-test {text}, which is no beginning of a commit's id (7 digits at least)."


def other_commit(login: str, sha: str) -> str:
    return f"@{login} wrote /ok-to-test for another commit: {sha[:_SHA_SHOWN]}."


def made_after(login: str) -> str:
    return f"@{login} wrote /ok-to-test before this run was there."
