"""Every sentence about a container beside a job that a user reads."""

import signal as signals

NOTE = "[tisktask] "


def ended(exit_code: int, signal: int | None, *, out_of_memory: bool) -> str:
    if out_of_memory:
        return "a process in it was killed because it reached its memory limit (MEMORY)"
    if signal is not None:
        return f"it was ended by {_signal_name(signal)}"
    return f"it ended with exit code {exit_code}"


def lost(cause: str) -> str:
    return f"how it ended is not known: {cause}"


def not_seen() -> str:
    return "it went with the job's pod"


def end_note(how: str) -> str:
    """The last line of its log."""
    return f"{NOTE}The container is gone: {how}.\n"


def ended_early(name: str, how: str, log: str) -> str:
    said = f" Its log ends with: {log}" if log else " It printed nothing."
    return f"container {name} is not ready: {how}.{said}"


def not_ready(name: str, waited_for: str, seconds: float) -> str:
    return (
        f"container {name} runs, but {waited_for} within {seconds:g} s. See CONTAINERLOG {name}, "
        "or ask again with a longer TIMEOUT: it is the same container."
    )


def no_listener(port: int) -> str:
    return f"nothing listens on port {port}"


def no_match(pattern: str) -> str:
    return f"no line of its log matches {pattern}"


def ports_not_visible() -> str:
    return "WAITPORT does not work where the runner can not see Podman's processes; use WAITLOG"


def port_taken(port: int) -> str:
    return f"something in the job's pod listens on port {port} already: all its containers share one network"


def image_gone(image: str) -> str:
    return f"the image {image} was removed from this host a moment ago; ask again"


def image_not_named(image: str) -> str:
    return f"{image} does not name an image; write it as docker.io/library/postgres:16"


def image_private(image: str) -> str:
    return f"{image} was built for a job and is no one else's; name an image of a registry"


def no_image() -> str:
    return "SPAWNCONTAINER needs an image: SPAWNCONTAINER docker.io/library/redis:7 WAITPORT 6379"


def no_assignment(name: str) -> str:
    """Never with what stands behind the name: it may be a secret."""
    if not name:
        return "behind the image there are options, and variables as KEY=value; the image's command goes behind CMD"
    return f"{name} is no name of a variable: letters, digits and underscores only"


def too_many_variables(most: int, bytes_max: int) -> str:
    return f"at most {most} variables with {bytes_max} bytes are allowed"


def command_too_long(most: int, bytes_max: int) -> str:
    return f"behind CMD at most {most} words with {bytes_max} bytes are allowed"


def not_a_host(alias: str) -> str:
    return f"ALIAS {alias} is no name of a host"


def too_many_aliases(most: int) -> str:
    return f"at most {most} ALIAS are allowed"


def not_like(option: str, value: str, pattern: str) -> str:
    return f"{option} {value} is not allowed; it must look like {pattern}"


def not_memory(value: str, least_bytes: int) -> str:
    return f"MEMORY {value} is no amount: write 512m or 2g; the least is {least_bytes // 1024**2}m"


def pattern_too_long(most: int) -> str:
    return f"WAITLOG needs a pattern of 1 to {most} characters"


def not_started(name: str, cause: str) -> str:
    return f"container {name} can not be started: {cause}"


def other_description(name: str) -> str:
    return f"there is a container {name} with another description; choose another NAME"


def was_stopped(name: str) -> str:
    return f"the container {name} was stopped; choose another NAME"


def too_much_memory(wanted_bytes: int, most_bytes: int) -> str:
    return f"MEMORY {wanted_bytes} bytes is more than the job may have ({most_bytes} bytes)"


def too_many(most: int) -> str:
    return f"the job has {most} containers beside it, which is the limit (TISKTASK_CONTAINERS_MAX of the runner)"


def no_such(name: str, names: list[str]) -> str:
    there = f"there: {', '.join(names)}" if names else "the job has none"
    return f"no container {name}; {there}"


def job_ending() -> str:
    return "the job is ending, so no container is started any more"


def pod_gone() -> str:
    return "the job's pod is gone"


def pattern_wrong(pattern: str, cause: str) -> str:
    return f"WAITLOG {pattern}: {cause} (the syntax is RE2's)"


def _signal_name(number: int) -> str:
    try:
        return signals.Signals(number).name
    except ValueError:
        return f"signal {number}"
