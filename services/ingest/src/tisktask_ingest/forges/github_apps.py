"""What GitHub sends to Apps alone: merge groups, dispatches, and buttons that ask for checks again."""

import json
import posixpath
from typing import Any

from tisktask_common.errors import UserError
from tisktask_common.events import Change, RerunAsked
from tisktask_common.git_names import (
    TITLE_LENGTH_MAX,
    Branch,
    DispatchName,
    Ref,
    Sha,
    is_folder_name,
    is_zero,
    one_line,
)
from tisktask_common.pull_requests import Loose, Person, login
from tisktask_common.run_inputs import check_inputs
from tisktask_ingest import words
from tisktask_ingest.forges.payload import (
    HEADS,
    Commit,
    Home,
    OptionalBranch,
    branch_of,
    default_branch,
    default_ref,
    tag_of,
)
from tisktask_ingest.outcome import Ignored, Malformed, Outcome, Triggered

CHECK_LENGTH_MAX = 255


class MergeGroup(Loose):
    """What a merge queue has put together."""

    head_sha: Sha
    head_ref: Ref
    base_sha: Sha | None = None
    base_ref: Branch | None = None
    head_commit: Commit | None = None


class MergeGroupDelivery(Loose):
    """A merge queue wants to know something, or not any more."""

    action: str
    merge_group: MergeGroup
    sender: Person | None = None
    repository: Home | None = None


class WorkflowDispatch(Loose):
    """Somebody has chosen a workflow, a ref and inputs on GitHub's page."""

    ref: Branch
    workflow: str | None = None
    inputs: dict[str, Any] | None = None
    sender: Person | None = None
    repository: Home | None = None


class RepositoryDispatch(Loose):
    """A program wants a run; `action` is the event_type that it gave."""

    action: DispatchName
    branch: OptionalBranch = None
    sender: Person | None = None
    repository: Home | None = None


class CheckSuite(Loose):
    """All checks of a commit."""

    head_sha: Sha
    head_branch: OptionalBranch = None


class CheckRun(Loose):
    """One check of a commit."""

    head_sha: Sha
    name: str | None = None
    external_id: str | None = None
    check_suite: CheckSuite | None = None


class CheckSuiteDelivery(Loose):
    """Something happened to all checks of a commit."""

    action: str
    check_suite: CheckSuite
    sender: Person | None = None
    repository: Home | None = None


class CheckRunDelivery(Loose):
    """Something happened to one check."""

    action: str
    check_run: CheckRun
    sender: Person | None = None
    repository: Home | None = None


def read_merge_group(body: bytes) -> Outcome:
    """Describe a merge group: what is built is what would become the target branch."""
    delivery = MergeGroupDelivery.model_validate_json(body)
    if delivery.action != "checks_requested":
        return Ignored(words.MERGE_GROUP_OVER)
    group = delivery.merge_group
    message = group.head_commit.message if group.head_commit else None
    return Triggered(
        Change(
            event="merge_group",
            action="checks_requested",
            sha=group.head_sha,
            ref=group.head_ref,
            branch=branch_of(group.head_ref),
            base_sha=None if group.base_sha is None or is_zero(group.base_sha) else group.base_sha,
            base_branch=(group.base_ref or "").removeprefix(HEADS) or None,
            actor=login(delivery.sender),
            title=one_line(message, TITLE_LENGTH_MAX),
            default_branch=default_branch(delivery.repository),
        )
    )


def read_workflow_dispatch(body: bytes) -> Outcome:
    """Describe a start by hand: the head of the ref that was chosen, with the inputs that were given."""
    delivery = WorkflowDispatch.model_validate_json(body)
    ref = delivery.ref if delivery.ref.startswith("refs/") else f"{HEADS}{delivery.ref}"
    workflow = posixpath.splitext(posixpath.basename(delivery.workflow or ""))[0]
    change = Change(
        event="workflow_dispatch",
        action=workflow if is_folder_name(workflow) else None,
        sha="",
        ref=ref,
        branch=branch_of(ref),
        tag=tag_of(ref),
        actor=login(delivery.sender),
        default_branch=default_branch(delivery.repository),
    )
    inputs = {name: _text(value) for name, value in (delivery.inputs or {}).items() if value is not None}
    try:
        check_inputs(inputs)
    except UserError as error:
        return Malformed("inputs", one_line(error.message.removeprefix("inputs: "), TITLE_LENGTH_MAX))
    return Triggered(change, inputs=inputs)


def read_repository_dispatch(body: bytes) -> Outcome:
    """Describe a start by a program: the default branch's head."""
    delivery = RepositoryDispatch.model_validate_json(body)
    ref = f"{HEADS}{delivery.branch}" if delivery.branch else default_ref(delivery.repository)
    return Triggered(
        Change(
            event="repository_dispatch",
            action=delivery.action,
            sha="",
            ref=ref,
            branch=branch_of(ref),
            actor=login(delivery.sender),
            default_branch=default_branch(delivery.repository),
        )
    )


def read_check_suite(body: bytes) -> Outcome:
    """Describe the wish to run all of a commit again."""
    delivery = CheckSuiteDelivery.model_validate_json(body)
    if delivery.action != "rerequested":
        return Ignored(words.CHECK_NOT_AGAIN)
    return _rerun("check_suite", delivery.check_suite, RerunAsked(), delivery.sender, delivery.repository)


def read_check_run(body: bytes) -> Outcome:
    """Describe the wish to run one thing of a commit again."""
    delivery = CheckRunDelivery.model_validate_json(body)
    if delivery.action != "rerequested":
        return Ignored(words.CHECK_NOT_AGAIN)
    check = delivery.check_run
    asked = RerunAsked(
        check=one_line(check.name, CHECK_LENGTH_MAX), external_id=one_line(check.external_id, CHECK_LENGTH_MAX)
    )
    suite = CheckSuite(
        head_sha=check.head_sha, head_branch=check.check_suite.head_branch if check.check_suite else None
    )
    return _rerun("check_run", suite, asked, delivery.sender, delivery.repository)


def _rerun(event: str, suite: CheckSuite, asked: RerunAsked, sender: Person | None, home: Home | None) -> Outcome:
    ref = f"{HEADS}{suite.head_branch}" if suite.head_branch else default_ref(home)
    change = Change(
        event=event,
        action="rerequested",
        sha=suite.head_sha,
        ref=ref,
        branch=suite.head_branch,
        actor=login(sender),
        default_branch=default_branch(home),
    )
    return Triggered(change, rerun=asked)


def _text(value: object) -> str:
    """Write a value as GitHub's own workflows see it."""
    return value if isinstance(value, str) else json.dumps(value)
