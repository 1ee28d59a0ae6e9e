"""Forgejo and Gitea: one family, whose deliveries have the same shape."""

from tisktask_ingest import words
from tisktask_ingest.forges.payload import (
    PullRequest,
    PullRequestDelivery,
    Push,
    change_of_pull_request,
    change_of_push,
    comes_from_another_repository,
)
from tisktask_ingest.outcome import Ignored, Outcome, Ping

_AGIT_FLOW = 1


def normalise(event: str, event_type: str, body: bytes) -> Outcome:
    """Say what a delivery means. Raises ValidationError if the payload lacks what is needed."""
    # Forgejo sends an empty event for packages; the type is always there.
    kind = event or event_type
    match kind:
        case "push":
            push = Push.model_validate_json(body)
            # The button "test delivery" makes up a push from the head of the default branch to itself.
            return Ping() if push.before == push.after else change_of_push(push)
        case "pull_request":
            return _pull_request(PullRequestDelivery.model_validate_json(body))
        case "create":
            return Ignored(words.CREATED)
        case "delete":
            return Ignored(words.DELETED)
        case "ping":
            return Ping()
        case _:
            return Ignored(words.event_not_built(kind))


def _pull_request(delivery: PullRequestDelivery) -> Outcome:
    # One word on all forges, so that one folder name works on all.
    action = "synchronize" if delivery.action == "synchronized" else delivery.action
    return change_of_pull_request(delivery, action=action, is_fork=_is_fork(delivery.pull_request))


def _is_fork(pull_request: PullRequest) -> bool:
    """Whoever may read may push to refs/for/ (AGit): such a head lies in the base repository and is still foreign."""
    is_agit = pull_request.flow == _AGIT_FLOW or pull_request.head.ref.startswith("refs/pull/")
    return is_agit or comes_from_another_repository(pull_request)
