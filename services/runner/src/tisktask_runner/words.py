"""Every sentence that a user reads because of a runner: reasons of ends, and lines that are added to a log."""

import signal as signals

from tisktask_common.rpc import JobSpec, Limits

#: How the image of a program without a build file is called in a sentence.
DEFAULT_IMAGE = "tisktask/default"
PAYLOAD_ABSENT = "This event came without a webhook, so this is what Tisktask knows about it."
PAYLOAD_EXPIRED = "The webhook's body is no longer stored, so this is what Tisktask knows about it."
PAYLOAD_UNREADABLE = "The stored body of the webhook can not be read, so this is what Tisktask knows about it."


def preparing(spec: JobSpec) -> str:
    action = f" {spec.change.action}" if spec.change.action else ""
    return f"Preparing run {spec.run_number} of {spec.repository.full_name}: {spec.change.event}{action}"


def inspecting(spec: JobSpec) -> str:
    action = f" {spec.change.action}" if spec.change.action else ""
    return (
        f"Looking at run {spec.run_number} of {spec.repository.full_name} ({spec.change.event}{action}): "
        "somebody may have to allow it. Nothing is built or executed."
    )


def programs_compared(base: str, *, is_changed: bool) -> str:
    return f".tisktask/ {'differs from' if is_changed else 'is as in'} {base[:12]}, where the change has begun."


def programs_removed(base: str) -> str:
    return f"There were programs for this event in {base[:12]}, where the change has begun."


def programs_not_compared(reason: str) -> str:
    said = f": {reason}" if reason else ": there is nothing to compare it with"
    return f"It is not known whether the change is to .tisktask/{said}"


def programs_differ(expected: str, found: str) -> str:
    return (
        f".tisktask/ is not what was approved: {expected} was expected, {found or 'nothing'} was found. "
        "Nothing was executed."
    )


def commit_fetched(sha: str, title: str) -> str:
    return f"Commit {sha[:12]}: {title}"


def job_found(name: str, path: str) -> str:
    return f"Job {name} ({path})"


def warning(sentence: str) -> str:
    return f"Warning: {sentence}"


def program_failed(exit_code: int, signal: int | None, limits: Limits, *, out_of_memory: bool) -> str:
    if out_of_memory:
        of = f" of {_size(limits.memory_bytes)}" if limits.memory_bytes else ""
        return f"Out of memory: the job reached its limit{of} and a process of it was killed."
    if signal is not None:
        return f"The program was ended by signal {signal} ({_signal_name(signal)})."
    return f"The program ended with exit code {exit_code}."


def program_lost(cause: str) -> str:
    return f"How the program ended is not known: {cause}."


def no_program() -> str:
    return "The job names no program; the orchestrator that queued it is of another version."


def pod_gone() -> str:
    return "The program's pod is gone: somebody removed it, or the host was started anew."


def host_restarted(runner: str) -> str:
    return f"The runner host {runner} was started anew before the program had ended: how far it came is not known."


def podman_awaited() -> str:
    return "Podman on this runner host does not answer. The job waits for it."


def podman_is_back(seconds: float) -> str:
    return f"Podman answers again, after {seconds:.0f} s."


def podman_away(seconds: float) -> str:
    """Say it where people look at runners."""
    return f"Podman has not answered for {seconds:.0f} s: no new jobs are taken here"


def disk_full(folder: str, free_bytes: int, wanted_bytes: int) -> str:
    """Say it where people look at runners."""
    mib = 1024**2
    return (
        f"The disk at {folder} is full ({free_bytes // mib} MiB free, {wanted_bytes // mib} MiB are wanted): "
        "no new jobs are taken here until there is room"
    )


def disk_not_readable(folder: str, why: str) -> str:
    return f"The disk at {folder} can not be looked at ({why}): no new jobs are taken here"


def timed_out(seconds: int) -> str:
    return f"The job took longer than its limit of {_duration(seconds)} and was stopped."


def default_image_missing(name: str, cause: str) -> str:
    return f"The default job image {name} can not be fetched: {cause}"


def engine_failed(cause: str) -> str:
    return f"The runner could not run the job: {cause}"


def internal_error(kind: str) -> str:
    return f"An error in the runner itself ({kind}); its log says more."


def taken_over() -> str:
    return "This attempt was given up: the runner was not heard for too long. The job goes on without it."


def log_limit_reached(limit_bytes: int) -> str:
    return f"The log is larger than the limit of {_size(limit_bytes)}; the job was stopped."


def log_cut(limit_bytes: int) -> str:
    """Say at the end of the log itself that the rest is missing."""
    return f"\n[tisktask] {log_limit_reached(limit_bytes)} What it printed after this is not kept.\n"


def container_log_cut(limit_bytes: int) -> str:
    return (
        f"\n[tisktask] This log is larger than the limit of {_size(limit_bytes)}. The container runs on; "
        "what it printed after this is not kept.\n"
    )


def _signal_name(number: int) -> str:
    try:
        return signals.Signals(number).name
    except ValueError:
        return "unknown"


def _duration(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def _size(count: int) -> str:
    for unit, step in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if count >= step:
            return f"{count / step:.4g} {unit}"
    return f"{count} bytes"
