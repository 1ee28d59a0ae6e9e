"""The environment variables of a job: the names that programs rely on. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime

from tisktask_common.rpc import JobSpec
from tisktask_common.run_inputs import variable_of

IPC_TARGET = "/run/tisktask"
SOCKET_PATH = f"{IPC_TARGET}/command.sock"
EVENT_PATH = f"{IPC_TARGET}/event.json"
WORKSPACE_TARGET = "/workspace"
#: Where tisktask-cmd is.
CLIENT_FOLDER = f"{IPC_TARGET}/bin"
#: What a runtime gives to programs of images that name none.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: Names for programs that were written for a forge's own variables. Gitea's are Forgejo's.
_FORGE_PREFIXES = {"github": "TISKTASK_GITHUB", "forgejo": "TISKTASK_FORGEJO", "gitea": "TISKTASK_FORGEJO"}


def job_environment(spec: JobSpec, workspace: str = WORKSPACE_TARGET) -> dict[str, str]:
    """List all variables. What does not apply is empty, not missing: `set -u` in a shell must not trip over it."""
    change = spec.change
    variables = {
        "CI": "true",
        "TISKTASK": "true",
        "TISKTASK_RUN_ID": spec.run_id,
        "TISKTASK_RUN_NUMBER": str(spec.run_number),
        "TISKTASK_JOB_ID": spec.job_id,
        "TISKTASK_JOB_NAME": spec.name,
        "TISKTASK_PARENT_JOB_ID": spec.parent_job_id or "",
        "TISKTASK_ATTEMPT": str(spec.attempt),
        "TISKTASK_SOCKET_PATH": SOCKET_PATH,
        "TISKTASK_EVENT_PATH": EVENT_PATH,
        "TISKTASK_EVENT": change.event,
        "TISKTASK_ACTION": change.action or "",
        "TISKTASK_SHA": change.sha,
        "TISKTASK_REF": change.ref,
        "TISKTASK_BRANCH": change.branch or "",
        "TISKTASK_TAG": change.tag or "",
        "TISKTASK_BASE_SHA": change.base_sha or "",
        "TISKTASK_BASE_BRANCH": change.base_branch or "",
        "TISKTASK_PULL_REQUEST": "" if change.pull_request is None else str(change.pull_request),
        "TISKTASK_PULL_REQUEST_DRAFT": _flag(change.is_draft),
        "TISKTASK_PULL_REQUEST_FORK": _flag(change.is_fork),
        "TISKTASK_PULL_REQUEST_MERGED": _flag(change.is_merged),
        "TISKTASK_PULL_REQUEST_LABELS": "\n".join(change.labels),
        "TISKTASK_COMMAND": change.command,
        "TISKTASK_RESTRICTED": "1" if spec.is_restricted else "",
        "TISKTASK_FORCED": _flag(change.is_forced),
        "TISKTASK_DEFAULT_BRANCH": change.default_branch or "",
        "TISKTASK_TITLE": change.title,
        "TISKTASK_REPOSITORY": spec.repository.full_name,
        "TISKTASK_ACTOR": change.actor,
        "TISKTASK_FORGE": spec.repository.forge,
        "TISKTASK_FORGE_API_URL": spec.api_url,
        "TISKTASK_URL": spec.page_url,
        "TISKTASK_WORKSPACE": workspace,
        "TISKTASK_SCHEDULE": spec.schedule,
        "TISKTASK_SCHEDULED_AT": utc_text(spec.scheduled_at),
    }
    return variables | _forge_variables(spec) | {variable_of(name): value for name, value in spec.inputs.items()}


def utc_text(moment: datetime | None) -> str:
    """Write a time as programs read it: 2026-01-02T03:04:05Z; nothing for none."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else ""


def _flag(value: bool) -> str:  # noqa: FBT001 - it is the value itself
    return "true" if value else "false"


def with_client_on_path(variables: Mapping[str, str], image: Mapping[str, str]) -> dict[str, str]:
    """Let the programs of the image be found as before, and behind them tisktask-cmd."""
    path = variables.get("PATH") or image.get("PATH") or _PATH
    return {**variables, "PATH": f"{path}:{CLIENT_FOLDER}"}


def _forge_variables(spec: JobSpec) -> dict[str, str]:
    prefix = _FORGE_PREFIXES.get(spec.repository.forge)
    if prefix is None:
        return {}
    # Forges know no tag event: a tag is pushed.
    event = "push" if spec.change.event == "tag" else spec.change.event
    return {
        f"{prefix}_EVENT": event,
        f"{prefix}_ACTION": spec.change.action or "",
        f"{prefix}_SHA": spec.change.sha,
        f"{prefix}_REPOSITORY": spec.repository.full_name,
    }
