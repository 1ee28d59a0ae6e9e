"""Who may have runs deleted, and who is asked before."""

from tisktask_common.bus.permissions import integrator_user, runner_user, service_users
from tisktask_common.retention import ShowRetention
from tisktask_common.run_deletion import DeleteRun, ListIncompleteLogs, ListUndelivered
from tisktask_common.subjects import DELETIONS_FOR_LOGSTREAM, rpc_subject

USERS = [user for user in service_users() if user.name != "admin"] + [runner_user("host"), integrator_user("bot")]


def test_only_the_api_has_runs_deleted_and_only_the_orchestrator_asks_before() -> None:
    for request, who in (
        (DeleteRun, "logstream"),
        (ShowRetention, "logstream"),
        (ListUndelivered, "orchestrator"),
        (ListIncompleteLogs, "orchestrator"),
    ):
        askers = [user.name for user in USERS if any(f"rpc.{request.subject_name}." in right for right in user.publish)]
        assert askers == [who]
        assert rpc_subject(request.subject_name, who) in next(user for user in USERS if user.name == who).publish


def test_nobody_but_the_orchestrator_says_that_a_run_was_deleted() -> None:
    sayers = [user.name for user in USERS if {"run.>", "run.deleted.>"} & set(user.publish)]
    assert sayers == ["orchestrator"]


def test_logstream_alone_takes_what_is_deleted_from_its_consumer() -> None:
    subject = f"$JS.API.CONSUMER.MSG.NEXT.EVENTS.{DELETIONS_FOR_LOGSTREAM.name}"
    assert [user.name for user in USERS if subject in user.publish] == ["logstream"]
