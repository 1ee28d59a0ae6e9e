"""What is right and what is wrong with a repository's setup, from what was asked and what is known. Pure."""

from collections.abc import Iterator, Sequence

from tisktask_common.setup_requests import HookReport, Right, RightsReport, RightState
from tisktask_logstream import words_for_setup as words
from tisktask_logstream.api.setup_models import Checkup, Finding, FindingState
from tisktask_logstream.hook_record import HookRecord
from tisktask_logstream.rows import RepositoryRecord, StatusProblem

#: More, and claims of Apps are refused.
CLOCK_SECONDS_MAX = 30.0
STATUSES_MAX = 50

_BY_RIGHT = {
    RightState.HAS: FindingState.OK,
    RightState.LACKS: FindingState.PROBLEM,
    RightState.UNKNOWN: FindingState.UNKNOWN,
}
#: Without it comment commands and approvals can not be checked; everything else works.
_NICE = frozenset({"read_permissions"})


def check_up(
    repository: RepositoryRecord,
    rights: RightsReport,
    report: HookReport,
    hook: HookRecord,
    statuses: Sequence[StatusProblem],
) -> Checkup:
    """Say how everything is that a repository's runs depend on at its forge."""
    items = [
        *_about_token(repository, rights),
        *_about_repository(repository, rights),
        *_about_hook(rights, report),
        *_about_deliveries(hook, report),
        *_about_secret(hook),
        _about_statuses(statuses),
    ]
    return Checkup(items=items, is_well=not any(item.state is FindingState.PROBLEM for item in items))


def check_up_local() -> Checkup:
    found = Finding(name=words.REPOSITORY, state=FindingState.OK, detail=words.LOCAL, advice=words.ADVICE_LOCAL)
    return Checkup(items=[found], is_well=True)


def _about_token(repository: RepositoryRecord, rights: RightsReport) -> Iterator[Finding]:
    if not (repository.has_token or repository.app_id):
        yield Finding(name=words.TOKEN, state=FindingState.WARNING, detail=words.NO_TOKEN, advice=words.ADVICE_TOKEN)
        return
    if rights.problem:
        state = FindingState.PROBLEM if rights.is_refused else FindingState.UNKNOWN
        advice = words.ADVICE_TOKEN if rights.is_refused else ""
        yield Finding(name=words.TOKEN, state=state, detail=rights.problem, advice=advice)
        return
    yield Finding(name=words.TOKEN, state=FindingState.OK, detail=words.RIGHTS_OK)
    for right in rights.rights:
        yield _about_right(right)
    if rights.clock_seconds is not None and abs(rights.clock_seconds) > CLOCK_SECONDS_MAX:
        detail = words.clock_off(rights.clock_seconds)
        yield Finding(name=words.CLOCK, state=FindingState.WARNING, detail=detail, advice=words.ADVICE_CLOCK)


def _about_right(right: Right) -> Finding:
    state = _BY_RIGHT[right.state]
    if right.name in _NICE and state is FindingState.PROBLEM:
        state = FindingState.WARNING
    advice = words.ADVICE_RIGHTS if right.state is RightState.LACKS else ""
    return Finding(name=right.name.replace("_", " "), state=state, detail=right.detail, advice=advice)


def _about_repository(repository: RepositoryRecord, rights: RightsReport) -> Iterator[Finding]:
    if rights.is_archived:
        yield Finding(name=words.REPOSITORY, state=FindingState.WARNING, detail=words.ARCHIVED)
    if rights.is_empty:
        yield Finding(name=words.REPOSITORY, state=FindingState.OK, detail=words.EMPTY)
    if rights.full_name and rights.full_name.casefold() != repository.full_name.casefold():
        yield Finding(name=words.REPOSITORY, state=FindingState.WARNING, detail=words.other_name(rights.full_name))


def _about_hook(rights: RightsReport, report: HookReport) -> Iterator[Finding]:
    if rights.is_app:
        yield Finding(name=words.WEBHOOK, state=FindingState.OK, detail=words.APP_HOOK)
        return
    if report.problem:
        state = FindingState.PROBLEM if report.is_refused and not rights.problem else FindingState.UNKNOWN
        yield Finding(name=words.WEBHOOK, state=state, detail=report.problem)
        return
    if not report.hooks:
        yield Finding(name=words.WEBHOOK, state=FindingState.PROBLEM, detail=words.NO_HOOK, advice=words.ADVICE_ADD)
    if len(report.hooks) > 1:
        detail = words.SEVERAL_HOOKS
        yield Finding(name=words.WEBHOOK, state=FindingState.PROBLEM, detail=detail, advice=words.ADVICE_ADD)
    for seen in report.hooks:
        if seen.problems:
            for problem in seen.problems:
                yield Finding(name=words.WEBHOOK, state=FindingState.PROBLEM, detail=problem, advice=words.ADVICE_ADD)
        else:
            yield Finding(name=words.WEBHOOK, state=FindingState.OK, detail=words.hook_there(seen.url))
        for remark in seen.remarks:
            yield Finding(name=words.WEBHOOK, state=FindingState.WARNING, detail=remark)


def _about_deliveries(hook: HookRecord, report: HookReport) -> Iterator[Finding]:
    told = words.last_answer(next((seen.last_answer for seen in report.hooks if seen.last_answer), ""))
    if hook.refused_at and (hook.delivered_at is None or hook.refused_at > hook.delivered_at):
        detail = words.refused_delivery(hook.refused_at) + told
        yield Finding(name=words.DELIVERIES, state=FindingState.PROBLEM, detail=detail, advice=words.ADVICE_ADD)
    elif hook.delivered_at is None:
        yield Finding(
            name=words.DELIVERIES, state=FindingState.WARNING, detail=words.NO_DELIVERY + told, advice=words.ADVICE_ADD
        )
    else:
        detail = words.last_delivery(hook.delivered_at, hook.delivered_event)
        yield Finding(name=words.DELIVERIES, state=FindingState.OK, detail=detail)


def _about_secret(hook: HookRecord) -> Iterator[Finding]:
    if hook.forge_is_to_be_told:
        detail = words.SECRET_UNTOLD + (f" ({hook.problem})" if hook.problem else "")
        yield Finding(name=words.SECRET, state=FindingState.WARNING, detail=detail)
    elif hook.is_rotating:
        yield Finding(name=words.SECRET, state=FindingState.OK, detail=words.SECRET_EXCHANGED)
    else:
        detail = words.SECRET_OK if hook.told_at else words.SECRET_BY_HAND
        yield Finding(name=words.SECRET, state=FindingState.OK, detail=detail)


def _about_statuses(statuses: Sequence[StatusProblem]) -> Finding:
    if not statuses:
        return Finding(name=words.STATUSES, state=FindingState.OK, detail=words.STATUSES_OK)
    detail = words.refused_statuses(len(statuses), STATUSES_MAX, statuses[0].error)
    gave_up = any(status.outcome != "waiting" for status in statuses)
    state = FindingState.PROBLEM if gave_up else FindingState.WARNING
    return Finding(name=words.STATUSES, state=state, detail=detail, advice=words.ADVICE_RIGHTS)
