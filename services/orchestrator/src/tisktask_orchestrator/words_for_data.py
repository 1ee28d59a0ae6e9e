"""What programs read about the data of their run, its channels, and the locks of its repository."""

from datetime import UTC, datetime

# --- data


def no_run_data(job: str) -> str:
    return f"the data of the run of {job} could not be begun"


def wrong_request_id(most: int) -> str:
    return f"request_id: 1 to {most} printable characters are expected"


def too_many_commands(most: int) -> str:
    return f"{most} data commands at most are executed at once: send them in parts"


def empty_command() -> str:
    return "commands: each has a name"


def not_base64(field: str) -> str:
    return f"{field}: base64 is expected"


# --- locks


def lock_holder(job: str, run_number: int, since: datetime) -> str:
    return f"job {job} of run #{run_number} (since {_time(since)})"


def lock_waiter(job: str, run_number: int, since: datetime) -> str:
    return f"job {job} of run #{run_number} (waiting since {_time(since)})"


def lock_not_held(name: str) -> str:
    return f"this job does not hold the lock {name}: it was given back, or its TTL is over"


def wrong_lock_name(most: int) -> str:
    return f"a lock's name has 1 to {most} characters, all of which can be shown"


def wrong_lock_seconds(most: int) -> str:
    return f"TTL: more than 0 and at most {most} seconds are expected"


def too_many_locks(most: int) -> str:
    return f"this job holds or waits for {most} locks already: UNLOCK what it does not need"


# --- channels


def too_many_channels(most: int) -> str:
    return f"a job's connections may be subscribed to {most} channels at most"


def wrong_connections(most: int) -> str:
    return f"connections_by_channel: numbers up to {most} are expected"


def too_many_bytes(field: str, most: int) -> str:
    return f"{field}: at most {most} bytes are allowed"


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S} UTC"
