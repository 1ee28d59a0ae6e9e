"""Limits on text that comes from outside: PostgreSQL takes no NUL, and an event must fit into a message."""

import re

from tisktask_common.errors import UserError
from tisktask_common.events import Change, TriggerReceived
from tisktask_common.labels import LABELS_MAX, is_label
from tisktask_common.rpc import BuiltImage, Policy, Prepared, Program
from tisktask_common.run_inputs import check_inputs
from tisktask_orchestrator import words

REASON_CHARS_MAX = 2000
NAME_CHARS_MAX = 512
PROGRAM_NAME_CHARS_MAX = 200
PATH_CHARS_MAX = 4096
TITLE_CHARS_MAX = 300
WARNING_CHARS_MAX = 500
WARNINGS_MAX = 50
IMAGES_MAX = 100
PULL_REQUEST_MAX = 2**53
LABELS_OF_CHANGE_MAX = 100
LABEL_CHARS_MAX = 100
COMMAND_CHARS_MAX = 1000
RETRIES_MAX = 10
SECONDS_MAX = 2**31 - 1

#: Control characters but tab and new line, and halves of characters.
_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def bounded(text: str, chars_max: int) -> str:
    """Cut a text and take out what can not be stored or shown."""
    clean = _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return clean if len(clean) <= chars_max else clean[: chars_max - 1] + "…"


def bounded_trigger(trigger: TriggerReceived) -> TriggerReceived:
    """Cut what is only shown; refuse what has a meaning and can not be cut."""
    change = trigger.change
    exact = {
        "delivery": trigger.delivery,
        "event": change.event,
        "action": change.action or "",
        "sha": change.sha,
        "ref": change.ref,
        "fetch_ref": change.fetch_ref or "",
        "branch": change.branch or "",
        "tag": change.tag or "",
        "base_sha": change.base_sha or "",
        "base_branch": change.base_branch or "",
        "default_branch": change.default_branch or "",
    }
    for field, text in exact.items():
        if bounded(text, NAME_CHARS_MAX) != text:
            raise UserError(words.wrong_trigger(field))
    if not 0 <= (change.pull_request or 0) <= PULL_REQUEST_MAX:
        raise UserError(words.wrong_trigger("pull_request"))
    check_inputs(trigger.inputs)
    return trigger.model_copy(update={"change": _bounded_change(change)})


def bounded_prepared(prepared: Prepared) -> Prepared:
    """Cut what a runner found in a repository to what can be kept; names are one each."""
    programs = {program.name: program for program in map(_bounded_program, prepared.programs)}
    return Prepared(
        programs=list(programs.values()),
        warnings=[bounded(warning, WARNING_CHARS_MAX) for warning in prepared.warnings[:WARNINGS_MAX]],
        title=bounded(prepared.title, TITLE_CHARS_MAX),
        images_built=[_bounded_image(image) for image in prepared.images_built[:IMAGES_MAX]],
        programs_tree=bounded(prepared.programs_tree, NAME_CHARS_MAX),
        changes_programs=prepared.changes_programs,
    )


def with_bounded_policy(program: Program) -> Program:
    """Cut what a program says about itself to what can be kept."""
    return program.model_copy(update={"policy": _bounded_policy(program.policy)})


def unusable_names(programs: list[Program]) -> list[str]:
    """List the names that can not be cut, for they tell programs apart, and are too long or can not be shown."""
    return [
        program.name
        for program in programs
        if not program.name.isprintable() or not 1 <= len(program.name) <= PROGRAM_NAME_CHARS_MAX
    ]


def _bounded_change(change: Change) -> Change:
    return change.model_copy(
        update={
            "title": bounded(change.title, TITLE_CHARS_MAX),
            "actor": bounded(change.actor, NAME_CHARS_MAX),
            "labels": [bounded(label, LABEL_CHARS_MAX) for label in change.labels[:LABELS_OF_CHANGE_MAX]],
            "command": bounded(change.command, COMMAND_CHARS_MAX),
        }
    )


def _bounded_program(program: Program) -> Program:
    return Program(
        name=bounded(program.name, NAME_CHARS_MAX),
        path=bounded(program.path, PATH_CHARS_MAX),
        build_file=program.build_file and bounded(program.build_file, PATH_CHARS_MAX),
        image_key=program.image_key and bounded(program.image_key, NAME_CHARS_MAX),
        skip_reason=bounded(program.skip_reason, WARNING_CHARS_MAX),
        policy=_bounded_policy(program.policy),
    )


def _bounded_policy(policy: Policy) -> Policy:
    seconds = policy.seconds_max
    return Policy(
        retries=min(max(policy.retries, 0), RETRIES_MAX),
        on_lost=policy.on_lost,
        on_codes=sorted({code for code in policy.on_codes if 1 <= code <= 255}),
        seconds_max=None if seconds is None else min(max(seconds, 1), SECONDS_MAX),
        labels=sorted({label for label in policy.labels if is_label(label)})[:LABELS_MAX],
    )


def _bounded_image(image: BuiltImage) -> BuiltImage:
    return BuiltImage(
        key=bounded(image.key, NAME_CHARS_MAX),
        build_file=bounded(image.build_file, PATH_CHARS_MAX),
        seconds=image.seconds,
    )
