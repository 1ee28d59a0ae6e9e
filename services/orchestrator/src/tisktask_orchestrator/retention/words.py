"""Sentences about the deletion of runs."""

BY_RETENTION = "Deleted by retention."


def deleted_by(actor: str) -> str:
    return f"Deleted by {actor}." if actor else "Deleted."


def still_at_work(number: int, state: str) -> str:
    return f"run #{number} can not be deleted: it has not ended ({state}). Cancel it first"


def lease_open(number: int) -> str:
    return f"run #{number} can not be deleted yet: a runner still holds a job of it"


def shown_in(number: int, other: int) -> str:
    return f"run #{number} can not be deleted: run #{other} shows what has run in it. Delete that one first"


def events_on_their_way(number: int) -> str:
    return f"run #{number} can not be deleted yet: its last events have not left. Try again in a moment"


def states_not_read(number: int) -> str:
    return (
        f"run #{number} can not be deleted yet: the reporter has not read its last states, or does not answer. "
        "Try again in a moment"
    )


def states_not_delivered(number: int) -> str:
    return f"run #{number} can not be deleted yet: its forge does not show its last states"


def log_not_complete(number: int) -> str:
    return f"run #{number} can not be deleted yet: a log of it is not completely stored"


def logs_not_known(number: int) -> str:
    return f"run #{number} can not be deleted yet: logstream does not say whether its logs are completely stored"


def no_such_repository(name: str) -> str:
    return f"there is no repository {name[:200]!r}, also no removed one of which something is left"
