"""Operations on repositories. Secrets are sealed for the orchestrator before they leave this process."""

from aiohttp import web

from tisktask_common.ids import RepositoryId
from tisktask_common.reporting import SetApp, SetComment
from tisktask_common.repository_settings import KEEP_AS_SET, ChangeRepository
from tisktask_common.rpc import AddRepository, RemoveRepository
from tisktask_logstream.api.models import Done, NewRepository, RemovalQuery, RepositoryList
from tisktask_logstream.api.operations import Operation, json_answer
from tisktask_logstream.api.repository_change import RepositoryChange
from tisktask_logstream.api.requests import read_body, read_query
from tisktask_logstream.api.runs import PATIENCE_SECONDS
from tisktask_logstream.api.sealed_secrets import seal_if_given, seal_secret
from tisktask_logstream.bus_link import BusLink
from tisktask_logstream.repository_view import require_repository
from tisktask_logstream.rows import RepositoryRecord
from tisktask_logstream.store import Store

#: The forge is asked twice and more.
_REMOVAL_SECONDS = 25.0


class RepositoryRoutes:
    """Lists, adds, changes and removes repositories."""

    def __init__(self, store: Store, bus: BusLink) -> None:
        self._store = store
        self._bus = bus

    def operations(self) -> list[Operation]:
        add = "Add a repository or change one"
        return [
            Operation("GET", "/repositories", self.list_repositories, "Repositories", RepositoryList),
            Operation(
                "POST",
                "/repositories",
                self.add_repository,
                add,
                RepositoryRecord,
                body=NewRepository,
                status=201,
                errors=(409, 413, 415),
            ),
            Operation(
                "PATCH",
                "/repositories/{id}",
                self.change_repository,
                "Change its settings",
                RepositoryRecord,
                body=RepositoryChange,
                errors=(404, 413, 415),
            ),
            Operation(
                "DELETE",
                "/repositories/{id}",
                self.remove_repository,
                "Remove one; `reason` says what is left to do at the forge",
                Done,
                query=RemovalQuery,
                errors=(404, 409),
            ),
        ]

    async def list_repositories(self, _request: web.Request) -> web.StreamResponse:
        return json_answer(RepositoryList(items=await self._store.list_repositories()))

    async def add_repository(self, request: web.Request) -> web.StreamResponse:
        new = await read_body(request, NewRepository)
        order = AddRepository(
            forge=new.forge,
            full_name=new.full_name,
            clone_url=new.clone_url,
            api_url=new.api_url,
            sealed_token=await seal_if_given(self._bus, new.token),
            sealed_webhook_secret=await seal_if_given(self._bus, new.webhook_secret),
        )
        repository = await self._bus.request(order, PATIENCE_SECONDS)
        return json_answer(await require_repository(self._store, repository.id), status=201)

    async def change_repository(self, request: web.Request) -> web.StreamResponse:
        repository = RepositoryId(request.match_info["id"])
        change = await read_body(request, RepositoryChange)
        jobs_max = change.jobs_max
        if jobs_max is None and "jobs_max" in change.model_fields_set:
            jobs_max = 0
        order = ChangeRepository(
            repository_id=repository,
            supersede_pull_requests=change.supersede_pull_requests,
            supersede_branches=change.supersede_branches,
            jobs_max=jobs_max,
            priority=change.priority,
            reconcile=change.reconcile,
            forks=change.forks,
            keep_days=_kept(change, "keep_days"),
            keep_min=_kept(change, "keep_min"),
            keep_max=_kept(change, "keep_max"),
        )
        await self._bus.request(order, PATIENCE_SECONDS)
        await self._change_reporting(repository, change)
        return json_answer(await require_repository(self._store, repository))

    async def _change_reporting(self, repository: RepositoryId, change: RepositoryChange) -> None:
        if "app" in change.model_fields_set:
            app = change.app
            key = await seal_secret(self._bus, app.private_key) if app else None
            order = SetApp(repository_id=repository, app_id=app.id if app else None, sealed_app_key=key)
            await self._bus.request(order, PATIENCE_SECONDS)
        if change.has_comment is not None:
            order = SetComment(repository_id=repository, has_comment=change.has_comment)
            await self._bus.request(order, PATIENCE_SECONDS)

    async def remove_repository(self, request: web.Request) -> web.StreamResponse:
        asked = read_query(request, RemovalQuery)
        repository = RepositoryId(request.match_info["id"])
        order = RemoveRepository(repository_id=repository, removes_webhook=not asked.keep_webhook)
        reply = await self._bus.request(order, _REMOVAL_SECONDS, _REMOVAL_SECONDS)
        return json_answer(Done(accepted=reply.accepted, reason=reply.reason))


def _kept(change: RepositoryChange, field: str) -> int | None:
    """Tell a rule that is not given (null) from one that is taken back."""
    value: int | None = getattr(change, field)
    return KEEP_AS_SET if value is None and field in change.model_fields_set else value
