"""The orchestrator's sentences about runs that are run again."""


def rerun_by(number: int, actor: str) -> str:
    return f"Re-run of run #{number}" + (f" by {actor}." if actor else ".")


def carried_over(number: int) -> str:
    return f"Carried over from run #{number}."


def carried_over_with_children(number: int, state: str) -> str:
    """Say why a job stands there with another end than its program's."""
    return f"Carried over from run #{number}, where jobs that it had started made it come to this end ({state})."


def has_not_ended(number: int, state: str) -> str:
    return f"run #{number} has not ended (it is {state}): wait for its end, or cancel it, then run it again"


def nothing_failed(number: int) -> str:
    return f"every job of run #{number} has succeeded: there is nothing to run again but all of it"


def repository_removed(full_name: str) -> str:
    return f"{full_name} was removed: add the repository again, then push or trigger a new run"


def wrong_request_id(most: int) -> str:
    return f"request_id: 1 to {most} characters that can be shown are expected"
