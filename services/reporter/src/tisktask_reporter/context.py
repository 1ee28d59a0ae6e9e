"""The name under which a status stands on the forge: stable, since branch protection matches by it."""

import hashlib

from tisktask_reporter.words import fit, is_control

#: GitHub answers 422 to more.
CONTEXT_CHARACTERS_MAX = 255


def run_context(event: str) -> str:
    """Name the status of a whole run.

    >>> run_context("push")
    'tisktask/push'
    """
    return _fit(f"tisktask/{event}")


def job_context(event: str, job: str) -> str:
    return _fit(f"tisktask/{event}/{job}")


def _fit(name: str) -> str:
    """Keep a name as it is if every forge does; else mark it with its hash, so that no two names become one."""
    if len(name) <= CONTEXT_CHARACTERS_MAX and name == name.strip() and not any(map(is_control, name)):
        return name
    mark = "~" + hashlib.sha256(name.encode()).hexdigest()[:10]
    return fit(name, CONTEXT_CHARACTERS_MAX - len(mark)) + mark
