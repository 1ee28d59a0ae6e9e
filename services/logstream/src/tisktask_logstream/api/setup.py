"""Operations that set repositories up at their forges. The reporter and the orchestrator do it; secrets go sealed."""

from typing import Any

from aiohttp import web

from tisktask_common.ids import RepositoryId
from tisktask_common.setup_requests import (
    CheckRights,
    ConnectHook,
    HookReport,
    InspectHook,
    ListAdministrable,
    RecogniseForge,
    RightsReport,
    RotateSecret,
    TryHook,
    WebhookAddress,
)
from tisktask_logstream import words_for_setup
from tisktask_logstream.api.checkup import STATUSES_MAX, check_up, check_up_local
from tisktask_logstream.api.operations import Operation, json_answer
from tisktask_logstream.api.requests import read_body, read_optional_body
from tisktask_logstream.api.sealed_secrets import seal_if_given, seal_secret
from tisktask_logstream.api.setup_models import (
    AdministrableList,
    Checkup,
    HookAnswer,
    HookOrder,
    ListOrder,
    RecognisedAnswer,
    RecogniseOrder,
    RightsAnswer,
    RotationAnswer,
    TrialAnswer,
    TrialOrder,
)
from tisktask_logstream.bus_link import BusLink
from tisktask_logstream.hook_record import HookRecord
from tisktask_logstream.repository_view import require_repository
from tisktask_logstream.rows import RepositoryRecord
from tisktask_logstream.store import Store

#: A forge is asked several times, with up to ten seconds for each.
FORGE_SECONDS = 50.0
#: Besides the time that somebody wants to wait for a test delivery.
_TRIAL_SECONDS = 35.0
_LOCAL = "local"
_BODY = (404, 409, 413, 415)


class SetupRoutes:
    """Recognises forges, checks tokens, makes and tries webhooks, exchanges their secrets."""

    def __init__(self, store: Store, bus: BusLink) -> None:
        self._store = store
        self._bus = bus

    def operations(self) -> list[Operation]:
        return [*self._about_forges(), *self._about_repositories(), *self._about_webhooks()]

    def _about_forges(self) -> list[Operation]:
        recognise, which = self.recognise, "Find out what kind of forge answers at an address"
        owned, whose = self.list_at_forge, "List an owner's repositories that a token sees"
        path = "/forges/repositories"
        return [
            Operation(
                "POST", "/forges/recognise", recognise, which, RecognisedAnswer, body=RecogniseOrder, errors=_BODY
            ),
            Operation("POST", path, owned, whose, AdministrableList, body=ListOrder, errors=_BODY),
        ]

    def _about_repositories(self) -> list[Operation]:
        rights, checkup = "/repositories/{id}/rights", "/repositories/{id}/checkup"
        return [
            Operation("GET", rights, self.check_rights, "What its token may do", RightsAnswer, errors=(404,)),
            Operation("GET", checkup, self.check_up, "What is wrong with its setup", Checkup, errors=(404,)),
        ]

    def _about_webhooks(self) -> list[Operation]:
        path = "/repositories/{id}/webhook"
        connect, trial = (
            "Make a repository's webhook at its forge, or make it right",
            "Have a test delivery sent, and wait",
        )
        optional: dict[str, Any] = {"is_body_optional": True, "errors": _BODY}
        return [
            Operation("GET", path, self.show_hook, "What is known of its webhook", HookRecord, errors=(404,)),
            Operation("POST", path, self.connect, connect, HookAnswer, body=HookOrder, **optional),
            Operation("POST", f"{path}/test", self.try_hook, trial, TrialAnswer, body=TrialOrder, **optional),
            Operation("POST", f"{path}/secret", self.rotate, "Exchange its secret", RotationAnswer, errors=(404, 409)),
        ]

    async def recognise(self, request: web.Request) -> web.StreamResponse:
        wanted = await read_body(request, RecogniseOrder)
        order = RecogniseForge(root_url=wanted.root_url, sealed_token=await seal_if_given(self._bus, wanted.token))
        found = await self._bus.request(order, FORGE_SECONDS, FORGE_SECONDS)
        return json_answer(RecognisedAnswer.model_validate(found.model_dump()))

    async def list_at_forge(self, request: web.Request) -> web.StreamResponse:
        wanted = await read_body(request, ListOrder)
        sealed = await seal_secret(self._bus, wanted.token)
        order = ListAdministrable(
            forge=wanted.forge, api_url=wanted.api_url, owner=wanted.owner, sealed_token=sealed, page=wanted.page
        )
        found = await self._bus.request(order, FORGE_SECONDS, FORGE_SECONDS)
        return json_answer(AdministrableList.model_validate(found.model_dump()))

    async def check_rights(self, request: web.Request) -> web.StreamResponse:
        repository = await self._read(request)
        return json_answer(RightsAnswer.model_validate((await self._ask_rights(repository)).model_dump()))

    async def check_up(self, request: web.Request) -> web.StreamResponse:
        repository = await self._read(request)
        if repository.forge == _LOCAL:
            return json_answer(check_up_local())
        hook = await self._store.get_repository_hook(repository.id) or HookRecord()
        statuses = await self._store.list_refused_statuses(repository.id, STATUSES_MAX)
        rights, report = await self._ask_forge(repository, hook)
        return json_answer(check_up(repository, rights, report, hook, statuses))

    async def show_hook(self, request: web.Request) -> web.StreamResponse:
        repository = await self._read(request)
        return json_answer(await self._store.get_repository_hook(repository.id) or HookRecord())

    async def connect(self, request: web.Request) -> web.StreamResponse:
        repository = await self._read(request)
        wanted = await read_optional_body(request, HookOrder)
        order = ConnectHook(
            repository_id=RepositoryId(repository.id),
            webhook_url=wanted.webhook_url,
            fallback_url=wanted.fallback_url,
            sets_secret=wanted.renew_secret,
        )
        done = await self._bus.request(order, FORGE_SECONDS, FORGE_SECONDS)
        return json_answer(HookAnswer.model_validate(done.model_dump()))

    async def try_hook(self, request: web.Request) -> web.StreamResponse:
        repository = await self._read(request)
        wanted = await read_optional_body(request, TrialOrder)
        order = TryHook(repository_id=RepositoryId(repository.id), wait_seconds=wanted.wait_seconds)
        seconds = wanted.wait_seconds + _TRIAL_SECONDS
        tried = await self._bus.request(order, seconds, seconds)
        advice = words_for_setup.advice_for(tried.arrival, repository.forge, tried.url)
        return json_answer(TrialAnswer.model_validate(tried.model_dump() | {"advice": advice}))

    async def rotate(self, request: web.Request) -> web.StreamResponse:
        repository = await self._read(request)
        order = RotateSecret(repository_id=RepositoryId(repository.id))
        done = await self._bus.request(order, FORGE_SECONDS, FORGE_SECONDS)
        return json_answer(RotationAnswer.model_validate(done.model_dump()))

    async def _ask_forge(self, repository: RepositoryRecord, hook: HookRecord) -> tuple[RightsReport, HookReport]:
        rights = await self._ask_rights(repository)
        inspect = InspectHook(
            repository_id=RepositoryId(repository.id), address=WebhookAddress(known=hook.url), hook_id=hook.hook_id
        )
        return rights, await self._bus.request(inspect, FORGE_SECONDS, FORGE_SECONDS)

    async def _ask_rights(self, repository: RepositoryRecord) -> RightsReport:
        order = CheckRights(repository_id=RepositoryId(repository.id))
        return await self._bus.request(order, FORGE_SECONDS, FORGE_SECONDS)

    async def _read(self, request: web.Request) -> RepositoryRecord:
        return await require_repository(self._store, request.match_info["id"])
