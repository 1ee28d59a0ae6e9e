"""Makes webhooks at forges, makes them right, looks at them, has them tried, and takes them away."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from tisktask_common.bus.connection import Bus
from tisktask_common.forge_requests import ForgeAnswer
from tisktask_common.ids import RepositoryId
from tisktask_common.setup_requests import (
    DropHook,
    EnsureHook,
    HookDropped,
    HookEnsured,
    HookReport,
    HookSeen,
    HookTested,
    InspectHook,
    SendTest,
    WebhookAddress,
)
from tisktask_reporter import words, words_for_setup
from tisktask_reporter.credentials import CredentialBook, NoAccess
from tisktask_reporter.forge_desk import QUEUE, answer_as
from tisktask_reporter.forges import hooks
from tisktask_reporter.forges.hooks import ForgeHook, Wanted
from tisktask_reporter.forges.repository import next_page
from tisktask_reporter.forges.request import Access, Answer, ForgeRequest
from tisktask_reporter.patient_desk import PatientDesk
from tisktask_reporter.secret_book import SecretBook

log = structlog.get_logger()

hooks_changed = Counter("tisktask_webhooks_changed_total", "Webhooks made, changed or deleted at forges", ["how"])


@dataclass(frozen=True)
class Place:
    """The repository whose webhook it is, what opens it, and where the webhook is to lead."""

    repository: RepositoryId
    access: Access
    url: str
    hook_id: int | None


class HookDesk:
    """Asks through the forge desk, within the limits that all questions share."""

    def __init__(self, desk: PatientDesk, credentials: CredentialBook, secrets: SecretBook, webhook_url: str) -> None:
        self._desk = desk
        self._credentials = credentials
        self._secrets = secrets
        self._webhook_url = webhook_url

    async def open(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.answer(InspectHook, self.inspect, QUEUE)
        await bus.answer(EnsureHook, self.ensure, QUEUE)
        await bus.answer(DropHook, self.drop, QUEUE)
        await bus.answer(SendTest, self.send_test, QUEUE)

    async def inspect(self, request: InspectHook, _caller: str) -> HookReport:
        place = await self._find_place(request.repository_id, request.address, request.hook_id)
        if isinstance(place, ForgeAnswer):
            return answer_as(HookReport, place)
        found = await self._list_ours(place)
        if isinstance(found, ForgeAnswer):
            return answer_as(HookReport, found).model_copy(update={"url": place.url})
        return HookReport(url=place.url, hooks=[_describe(place, hook) for hook in found])

    async def ensure(self, request: EnsureHook, _caller: str) -> HookEnsured:
        """Leave exactly one webhook of ours, as it should be. What was left half done before is found and mended."""
        place = await self._find_place(request.repository_id, request.address, request.hook_id)
        if isinstance(place, ForgeAnswer):
            return answer_as(HookEnsured, place)
        found = await self._list_ours(place)
        if isinstance(found, ForgeAnswer):
            return answer_as(HookEnsured, found).model_copy(update={"url": place.url})
        kept = _choose(place, found)
        done = await self._make_right(place, kept, sets_secret=request.sets_secret)
        if done.problem or kept is None:
            return done
        return await self._drop_others(place, done, [hook for hook in found if hook.id != kept.id])

    async def drop(self, request: DropHook, _caller: str) -> HookDropped:
        place = await self._find_place(request.repository_id, WebhookAddress(wanted=request.url), request.hook_id)
        if isinstance(place, ForgeAnswer):
            return answer_as(HookDropped, place)
        found = await self._list_ours(place)
        if isinstance(found, ForgeAnswer):
            return answer_as(HookDropped, found)
        for count, hook in enumerate(found):
            if refusal := await self._delete(place, hook.id):
                return answer_as(HookDropped, refusal).model_copy(update={"count": count})
        hooks_changed.labels("deleted").inc(len(found))
        log.info("webhooks_deleted", repository=place.access.full_name, hooks=[hook.id for hook in found])
        return HookDropped(count=len(found))

    async def send_test(self, request: SendTest, _caller: str) -> HookTested:
        place = await self._find_place(request.repository_id, WebhookAddress(), request.hook_id, needs_url=False)
        if isinstance(place, ForgeAnswer):
            return answer_as(HookTested, place)
        answer = await self._ask(place, hooks.trial_request(place.access, request.hook_id))
        if isinstance(answer, ForgeAnswer):
            return answer_as(HookTested, answer)
        if answer.status == 404:
            return HookTested(problem=words_for_setup.HOOK_GONE, is_refused=True)
        return HookTested(is_sent=True)

    async def _make_right(self, place: Place, hook: ForgeHook | None, *, sets_secret: bool) -> HookEnsured:
        faults = hooks.faults_of(place.access.forge, hook, place.url) if hook else []
        if hook and not faults and not sets_secret:
            return HookEnsured(hook_id=hook.id, url=place.url)
        secret, number = await self._secrets.newest_hook_secret(place.repository)
        wanted = Wanted(place.url, secret)
        if hook is None:
            made = await self._create(place, wanted)
        elif place.access.forge == "github":
            made = await self._change(place, wanted, hook)
        else:
            made = await self._replace(place, wanted, hook)
        if isinstance(made, ForgeAnswer):
            return answer_as(HookEnsured, made).model_copy(update={"url": place.url})
        hooks_changed.labels("created" if hook is None else "repaired").inc()
        log.info("webhook_set", repository=place.access.full_name, hook=made, is_new=hook is None, repaired=faults)
        repaired = faults or ([] if hook is None else [words_for_setup.SECRET_TOLD])
        return HookEnsured(hook_id=made, url=place.url, is_new=hook is None, repaired=repaired, told_secret=number)

    async def _create(self, place: Place, wanted: Wanted) -> int | ForgeAnswer:
        request = hooks.create_request(place.access, wanted, None, is_active=True)
        return await self._write(place, request)

    async def _change(self, place: Place, wanted: Wanted, hook: ForgeHook) -> int | ForgeAnswer:
        return await self._write(place, hooks.change_request(place.access, wanted, hook))

    async def _replace(self, place: Place, wanted: Wanted, hook: ForgeHook) -> int | ForgeAnswer:
        """Make another in its place: Forgejo and Gitea ignore a secret that is changed.

        The new one is off until the old one is gone: no push comes twice, and if the new one is not taken, the old
        one stays. After a death in between there is one that is off, or two: the next order finds them.
        """
        request = hooks.create_request(place.access, wanted, hook, is_active=False)
        made = await self._write(place, request)
        if isinstance(made, ForgeAnswer):
            return made
        if refusal := await self._delete(place, hook.id):
            await self._delete(place, made)
            return refusal
        return await self._write(place, hooks.activate_request(place.access, made, hook))

    async def _write(self, place: Place, request: ForgeRequest) -> int | ForgeAnswer:
        answer = await self._ask(place, request)
        if isinstance(answer, ForgeAnswer):
            return answer
        made = read_made(answer, request)
        if made is None:
            problem = words_for_setup.hook_not_taken(answer.status, answer.message)
            return ForgeAnswer(problem=problem, is_refused=True)
        return made

    async def _delete(self, place: Place, hook_id: int) -> ForgeAnswer | None:
        answer = await self._ask(place, hooks.delete_request(place.access, hook_id))
        # Not there (404) is as good.
        return answer if isinstance(answer, ForgeAnswer) else None

    async def _drop_others(self, place: Place, done: HookEnsured, others: Sequence[ForgeHook]) -> HookEnsured:
        repaired = list(done.repaired)
        for other in others:
            if refusal := await self._delete(place, other.id):
                return done.model_copy(update={"problem": refusal.problem, "repaired": repaired})
            repaired.append(words_for_setup.duplicate(other.id))
        return done.model_copy(update={"repaired": repaired})

    async def _list_ours(self, place: Place) -> list[ForgeHook] | ForgeAnswer:
        seen: list[ForgeHook] = []
        page: int | None = 1
        while page is not None:
            if page > hooks.HOOK_PAGES_MAX:
                # Ours may be among the others, and another would make every push come twice.
                return ForgeAnswer(problem=words_for_setup.too_many_hooks(len(seen)), is_refused=True)
            answer = await self._ask(place, hooks.hooks_page_request(place.access, page))
            if isinstance(answer, ForgeAnswer):
                return answer
            found = hooks.read_hooks(answer.body)
            if found is None:
                return ForgeAnswer(problem=words.unreadable_answer(words_for_setup.WEBHOOKS))
            seen += found
            page = next_page(answer.headers, page, len(seen)) if found else None
        return [hook for hook in seen if hooks.is_ours(hook, place.url, place.hook_id)]

    async def _find_place(
        self, repository: RepositoryId, address: WebhookAddress, hook_id: int | None, *, needs_url: bool = True
    ) -> Place | ForgeAnswer:
        # It may have another token since we have asked last.
        self._credentials.forget(repository)
        access = await self._desk.find(repository)
        if isinstance(access, NoAccess):
            return ForgeAnswer(problem=access.reason, is_refused=True)
        if access.forge not in hooks.HOOKS_PER_PAGE:
            return ForgeAnswer(problem=words.unknown_forge(access.forge), is_refused=True)
        if access.app:
            return ForgeAnswer(problem=words_for_setup.APP_HAS_ITS_OWN, is_refused=True)
        base = address.wanted or self._webhook_url or address.known or address.fallback
        if not base and needs_url:
            return ForgeAnswer(problem=words_for_setup.NO_ADDRESS, is_refused=True)
        return Place(repository, access, hooks.hook_url(base, access.forge), hook_id)

    async def _ask(self, place: Place, request: ForgeRequest) -> Answer | ForgeAnswer:
        return await self._desk.ask(place.repository, place.access, request, words_for_setup.WEBHOOKS)


def read_made(answer: Answer, request: ForgeRequest) -> int | None:
    """Read the number of the webhook that was made or changed; None: it was not."""
    if answer.status != request.expected_status:
        return None
    hook = hooks.read_hook(answer.body)
    return hook.id if hook else None


def _choose(place: Place, found: Sequence[ForgeHook]) -> ForgeHook | None:
    """Choose which of our webhooks is kept: the one without faults, that we know."""

    def merit(hook: ForgeHook) -> tuple[bool, bool]:
        return bool(hooks.faults_of(place.access.forge, hook, place.url)), hook.id != place.hook_id

    return min(found, key=merit, default=None)


def _describe(place: Place, hook: ForgeHook) -> HookSeen:
    return HookSeen(
        hook_id=hook.id,
        url=words_for_setup.fit(hook.url, 300),
        is_active=hook.active,
        problems=hooks.faults_of(place.access.forge, hook, place.url),
        remarks=hooks.remarks_on(hook),
        last_answer=hook.last_answer,
    )
