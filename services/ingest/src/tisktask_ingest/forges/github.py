"""GitHub and GitHub Enterprise Server."""

from tisktask_ingest import words
from tisktask_ingest.forges.payload import (
    PullRequestDelivery,
    Push,
    change_of_pull_request,
    change_of_push,
    comes_from_another_repository,
)
from tisktask_ingest.outcome import Ignored, Outcome, Ping


def normalise(event: str, _event_type: str, body: bytes) -> Outcome:
    """Say what a delivery means. Raises ValidationError if the payload lacks what is needed."""
    match event:
        case "push":
            return change_of_push(Push.model_validate_json(body))
        case "pull_request":
            delivery = PullRequestDelivery.model_validate_json(body)
            is_fork = comes_from_another_repository(delivery.pull_request)
            return change_of_pull_request(delivery, action=delivery.action, is_fork=is_fork)
        case "create":
            return Ignored(words.CREATED)
        case "delete":
            return Ignored(words.DELETED)
        case "ping":
            return Ping()
        case _:
            return Ignored(words.event_not_built(event))
