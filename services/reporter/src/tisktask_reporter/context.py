"""The name under which a status stands on the forge: stable, since branch protection matches by it."""

import hashlib

from tisktask_common.trigger_events import brings_commit
from tisktask_reporter.words import fit, is_control

#: GitHub answers 422 to more.
CONTEXT_CHARACTERS_MAX = 255


def run_context(event: str, action: str | None = None) -> str:
    """Name the status of a whole run. A label or a comment does not speak in the name of the commit's checks.

    >>> run_context("push")
    'tisktask/push'
    >>> run_context("pull_request", "opened")
    'tisktask/pull_request'
    >>> run_context("pull_request", "labeled")
    'tisktask/pull_request/labeled'
    """
    return _fit(f"tisktask/{event}" if not action or brings_commit(event, action) else f"tisktask/{event}/{action}")


def job_context(event: str, job: str) -> str:
    return _fit(f"tisktask/{event}/{job}")


def _fit(name: str) -> str:
    """Keep a name as it is if every forge does; else mark it with its hash, so that no two names become one."""
    if len(name) <= CONTEXT_CHARACTERS_MAX and name == name.strip() and not any(map(is_control, name)):
        return name
    mark = "~" + hashlib.sha256(name.encode()).hexdigest()[:10]
    return fit(name, CONTEXT_CHARACTERS_MAX - len(mark)) + mark
