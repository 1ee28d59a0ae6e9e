"""Who may ask what about Apps, webhooks and trust: keys, tokens and decisions are few people's affair."""

from tisktask_common.approvals import ApproveRun, DeclineRun
from tisktask_common.bus.permissions import User, runner_user, service_users
from tisktask_common.delivery_notes import NoteDelivery
from tisktask_common.forge_requests import AskPermission, AskPull
from tisktask_common.reporting import MintFetchToken, SetApp, SetComment
from tisktask_common.repository_settings import ChangeRepository
from tisktask_common.rpc import AskCredential, RenameRepository, Request
from tisktask_common.setup_requests import (
    AskHookSecret,
    CheckRights,
    ConnectHook,
    DropHook,
    EnsureHook,
    ListAdministrable,
    RecogniseForge,
    ResealSecret,
    RotateSecret,
    SendTest,
    TryHook,
)

USERS = [user for user in service_users() if user.name != "admin"] + [runner_user("host")]


def _who_may_ask(request: type[Request]) -> list[str]:
    return [user.name for user in USERS if any(_covers(subject, request) for subject in user.publish)]


def _who_hears(request: type[Request]) -> list[str]:
    return [user.name for user in USERS if any(_covers(subject, request) for subject in user.subscribe)]


def _covers(subject: str, request: type[Request]) -> bool:
    return subject in {">", "rpc.>"} or subject.startswith(f"rpc.{request.subject_name}.")


def test_only_the_orchestrator_asks_for_tokens_to_fetch_with_and_the_reporter_answers() -> None:
    assert _who_may_ask(MintFetchToken) == ["orchestrator"]
    assert "reporter" in _who_hears(MintFetchToken)


def test_only_the_reporter_is_told_keys_of_apps_webhook_secrets_and_new_names() -> None:
    for request in (AskCredential, RenameRepository, ResealSecret, AskHookSecret):
        assert _who_may_ask(request) == ["reporter"]
        assert _who_hears(request) == ["orchestrator"]


def test_only_the_api_sets_apps_and_comments() -> None:
    for request in (SetApp, SetComment):
        assert _who_may_ask(request) == ["logstream"]


def test_only_the_api_has_runs_allowed_and_repositories_set_up() -> None:
    orders = (ApproveRun, DeclineRun, ChangeRepository, ConnectHook, TryHook, RotateSecret)
    for request in (*orders, RecogniseForge, ListAdministrable, CheckRights):
        assert _who_may_ask(request) == ["logstream"]


def test_only_the_orchestrator_asks_about_people_and_has_webhooks_changed() -> None:
    for request in (AskPermission, AskPull, EnsureHook, DropHook, SendTest):
        assert _who_may_ask(request) == ["orchestrator"]


def test_only_ingest_tells_of_deliveries() -> None:
    assert _who_may_ask(NoteDelivery) == ["ingest"]


def test_everybody_asks_under_their_own_name() -> None:
    def names(user: User) -> set[str]:
        return {subject.rsplit(".", 1)[-1] for subject in user.publish if subject.startswith("rpc.")}

    assert all(names(user) <= {user.name} for user in USERS if not user.name.startswith("runner"))
