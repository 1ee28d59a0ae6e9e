"""Answers what is asked when repositories are set up: what forge it is, what a token sees, and what it may do."""

import structlog
from pydantic import SecretStr

from tisktask_common.bus.connection import Bus
from tisktask_common.forge_requests import ForgeAnswer
from tisktask_common.ids import RepositoryId
from tisktask_common.setup_requests import (
    AdministrablePage,
    CheckRights,
    ListAdministrable,
    RecognisedForge,
    RecogniseForge,
    Right,
    RightsReport,
    RightState,
)
from tisktask_reporter import words, words_for_setup
from tisktask_reporter.credentials import CredentialBook, NoAccess
from tisktask_reporter.forge_desk import QUEUE, answer_as, problem_of
from tisktask_reporter.forges import listing, rights
from tisktask_reporter.forges.exchange import Exchange, is_http
from tisktask_reporter.forges.hooks import delete_request, read_hook
from tisktask_reporter.forges.policy import History, Verdict
from tisktask_reporter.forges.repository import next_page
from tisktask_reporter.forges.request import Access, Answer, ForgeRequest
from tisktask_reporter.patient_desk import PatientDesk
from tisktask_reporter.secret_book import SecretBook
from tisktask_reporter.times import Clock

log = structlog.get_logger()

_NO_TOKEN = SecretStr("")
_HOOK_RIGHTS = frozenset({"read_webhooks", "write_webhooks"})


class SetupDesk:
    """Asks forges about themselves and about tokens."""

    def __init__(
        self, desk: PatientDesk, credentials: CredentialBook, secrets: SecretBook, exchange: Exchange, clock: Clock
    ) -> None:
        self._desk = desk
        self._credentials = credentials
        self._secrets = secrets
        self._exchange = exchange
        self._clock = clock

    async def open(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.answer(RecogniseForge, self.recognise, QUEUE)
        await bus.answer(ListAdministrable, self.list_administrable, QUEUE)
        await bus.answer(CheckRights, self.check_rights, QUEUE)

    async def recognise(self, request: RecogniseForge, _caller: str) -> RecognisedForge:
        root_url = request.root_url.rstrip("/")
        if not is_http(root_url):
            return RecognisedForge(problem=words_for_setup.INVALID_ROOT, is_refused=True)
        if known := listing.forge_by_host(root_url):
            return RecognisedForge(forge=known[0], api_url=known[1])
        # The token goes only where nothing is told without: it is not known yet who answers.
        found = await self._probe(root_url, _NO_TOKEN)
        if found.problem == words_for_setup.NEEDS_TOKEN and request.sealed_token:
            found = await self._probe(root_url, await self._secrets.open(request.sealed_token))
        log.info("forge_recognised", root_url=root_url, forge=found.forge, version=found.version, problem=found.problem)
        return found

    async def _probe(self, root_url: str, token: SecretStr) -> RecognisedForge:
        gitea = listing.gitea_access(root_url, token)
        answer = await self._ask(listing.version_request(gitea), gitea)
        if not isinstance(answer, Answer):
            return answer_as(RecognisedForge, _unreached(answer))
        version = answer.field("version", str)
        if answer.status == 200 and version is not None:
            return await self._tell_apart(gitea, version)
        if answer.status in {401, 403} and isinstance(answer.body, dict):
            return RecognisedForge(problem=words_for_setup.NEEDS_TOKEN, is_refused=True)
        enterprise = listing.enterprise_access(root_url, token)
        answer = await self._ask(listing.meta_request(enterprise), enterprise)
        if isinstance(answer, Answer) and listing.is_enterprise(answer):
            version = answer.field("installed_version", str) or ""
            return RecognisedForge(forge="github", api_url=enterprise.api_url, version=words.fit(version, 60))
        return RecognisedForge(problem=words_for_setup.NOT_RECOGNISED, is_refused=True)

    async def _tell_apart(self, gitea: Access, version: str) -> RecognisedForge:
        """Tell Forgejo from Gitea: by its version, or (old ones) by the API that only Forgejo has."""
        is_forgejo = "+gitea-" in version
        if not is_forgejo:
            own = await self._ask(listing.own_version_request(gitea), gitea)
            is_forgejo = isinstance(own, Answer) and own.status == 200 and own.field("version", str) is not None
        forge = "forgejo" if is_forgejo else "gitea"
        return RecognisedForge(forge=forge, api_url=gitea.api_url, version=words.fit(version, 60))

    async def list_administrable(self, request: ListAdministrable, _caller: str) -> AdministrablePage:
        token = await self._secrets.open(request.sealed_token)
        access = Access(request.forge, request.api_url, "", token)
        page = max(1, request.page)
        answer = await self._ask(listing.list_request(access, page), access)
        if not isinstance(answer, Answer):
            return answer_as(AdministrablePage, problem_of(answer, words_for_setup.LIST))
        items = listing.read_list(answer.body, request.owner)
        if items is None:
            return AdministrablePage(problem=words.unreadable_answer(words_for_setup.LIST))
        return AdministrablePage(items=items, next_page=next_page(answer.headers, page))

    async def check_rights(self, request: CheckRights, _caller: str) -> RightsReport:
        # It may have another token since we have asked last.
        self._credentials.forget(request.repository_id)
        access = await self._desk.find(request.repository_id)
        if isinstance(access, NoAccess):
            return RightsReport(problem=access.reason, is_refused=True)
        answer = await self._desk.ask(
            request.repository_id, access, rights.home_request(access), words_for_setup.REPOSITORY
        )
        if isinstance(answer, ForgeAnswer):
            return answer_as(RightsReport, answer)
        home = rights.read_home(access, answer)
        if answer.status != 200 or home is None:
            problem = words_for_setup.no_such_repository(access.full_name, answer.status, answer.message)
            return RightsReport(problem=problem, is_refused=True)
        return RightsReport(
            rights=[await self._check(request.repository_id, access, home, *one) for one in _asked(access, home)],
            full_name=home.full_name,
            is_empty=home.is_empty,
            is_archived=home.is_archived,
            is_app=access.app is not None,
            clock_seconds=rights.clock_seconds(answer, self._clock()),
        )

    async def _check(
        self, repository: RepositoryId, access: Access, home: rights.Home, name: str, asked: ForgeRequest | None
    ) -> Right:
        if asked is None:
            return rights.judge(name, home, None)
        answer = await self._desk.ask(repository, access, asked, words_for_setup.RIGHTS)
        if isinstance(answer, ForgeAnswer):
            return Right(name=name, state=RightState.UNKNOWN, detail=answer.problem)
        if name == "write_webhooks" and answer.status == 201 and (made := read_hook(answer.body)):
            # No forge should have made it.
            await self._desk.ask(repository, access, delete_request(access, made.id), words_for_setup.WEBHOOKS)
        return rights.judge(name, home, answer)

    async def _ask(self, request: ForgeRequest, access: Access) -> Answer | Verdict:
        return await self._exchange.ask(request, access, History())


def _asked(access: Access, home: rights.Home) -> list[tuple[str, ForgeRequest | None]]:
    """List the questions; an App has a webhook of its own, and needs no right to others."""
    every = rights.questions(access, home).items()
    return [(name, asked) for name, asked in every if not (access.app and name in _HOOK_RIGHTS)]


def _unreached(outcome: Verdict) -> ForgeAnswer:
    problem = problem_of(outcome, words_for_setup.REPOSITORY)
    return problem.model_copy(update={"problem": words_for_setup.not_reached(problem.problem)})
