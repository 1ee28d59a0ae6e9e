"""What an attempt is made of, without any process: its environment, its end, its sentences."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tisktask_common.events import Change, Repository
from tisktask_common.ids import JobId, RepositoryId, RunId, TriggerId
from tisktask_common.lifecycle import JOB_ENDS, JobKind, JobState
from tisktask_common.rpc import JobSpec, Limits, StopOrder
from tisktask_runner import words
from tisktask_runner.attempt.environment import job_environment
from tisktask_runner.attempt.images import image_scope, outcome_of_build
from tisktask_runner.attempt.outcome import outcome_of_exit
from tisktask_runner.attempt.payload import known_event
from tisktask_runner.attempt.refusals import outcome_of_source
from tisktask_runner.engine.model import Exit, Lost
from tisktask_runner.image.outcomes import BuildErrored, BuildFailed, BuildTimedOut
from tisktask_runner.source.outcomes import AccessDenied, CheckoutFailed, CommitGone, FetchFailed, RepositoryNotFound

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ORDER = StopOrder(job_id=JobId("job_1"), attempt=1, state=JobState.CANCELLED, reason="Enough.")


def spec(forge: str = "github", **change: object) -> JobSpec:
    fields = {"event": "push", "sha": "a" * 40, "ref": "refs/heads/main", "branch": "main", "actor": "ann", **change}
    return JobSpec(
        run_id=RunId("run_1"),
        run_number=7,
        job_id=JobId("job_1"),
        attempt=2,
        kind=JobKind.PROGRAM,
        name="build",
        repository=Repository(id=RepositoryId("repo_1"), forge=forge, full_name="o/r"),
        trigger_id=TriggerId("trg_1"),
        delivery="d",
        payload_chunks=0,
        change=Change(**fields),  # type: ignore[arg-type]
        clone_url="https://forge.example/o/r.git",
        page_url="https://ci.example/runs/run_1",
    )


def test_a_job_is_told_all_that_programs_rely_on() -> None:
    variables = job_environment(spec())
    assert variables["CI"] == "true"
    assert variables["TISKTASK_RUN_ID"] == "run_1"
    assert variables["TISKTASK_JOB_ID"] == "job_1"
    assert variables["TISKTASK_ATTEMPT"] == "2"
    assert variables["TISKTASK_SOCKET_PATH"] == "/run/tisktask/command.sock"
    assert variables["TISKTASK_EVENT"] == "push"
    assert variables["TISKTASK_SHA"] == "a" * 40
    assert variables["TISKTASK_BRANCH"] == "main"
    assert variables["TISKTASK_REPOSITORY"] == "o/r"
    assert variables["TISKTASK_ACTOR"] == "ann"
    assert variables["TISKTASK_URL"] == "https://ci.example/runs/run_1"
    assert variables["TISKTASK_WORKSPACE"] == "/workspace"


def test_inputs_and_schedules_are_variables_and_stand_in_the_event() -> None:
    due = datetime(2026, 6, 1, 13, 0, tzinfo=timezone(timedelta(hours=2)))
    wanted = spec(event="schedule").model_copy(
        update={"inputs": {"dry-run": "yes", "text": "a\nb"}, "schedule": "nightly", "scheduled_at": due}
    )
    variables = job_environment(wanted)
    assert (variables["TISKTASK_INPUT_DRY_RUN"], variables["TISKTASK_INPUT_TEXT"]) == ("yes", "a\nb")
    assert (variables["TISKTASK_SCHEDULE"], variables["TISKTASK_SCHEDULED_AT"]) == ("nightly", "2026-06-01T11:00:00Z")
    event = json.loads(known_event(wanted, ""))
    assert (event["inputs"], event["schedule"]) == (
        {"dry-run": "yes", "text": "a\nb"},
        {"name": "nightly", "scheduled_at": "2026-06-01T11:00:00Z"},
    )
    assert json.loads(known_event(spec(), ""))["schedule"] is None
    assert (job_environment(spec())["TISKTASK_SCHEDULE"], job_environment(spec())["TISKTASK_SCHEDULED_AT"]) == ("", "")


def test_what_does_not_apply_is_empty_and_never_missing() -> None:
    variables = job_environment(spec())
    for name in ("ACTION", "TAG", "BASE_SHA", "PULL_REQUEST", "PARENT_JOB_ID"):
        assert variables[f"TISKTASK_{name}"] == ""
    assert job_environment(spec(pull_request=12))["TISKTASK_PULL_REQUEST"] == "12"


def test_a_pull_request_is_told_with_all_that_decides_about_it() -> None:
    told = {
        "labels": ["needs docs", "ui"],
        "is_draft": True,
        "is_fork": True,
        "title": "A $(bridge)",
        "pull_request": 5,
    }
    variables = job_environment(spec(event="pull_request", **told))
    expected = {"LABELS": "needs docs\nui", "DRAFT": "true", "FORK": "true", "MERGED": "false"}
    assert {name: variables[f"TISKTASK_PULL_REQUEST_{name}"] for name in expected} == expected
    assert variables["TISKTASK_TITLE"] == "A $(bridge)"
    plain = job_environment(spec())
    assert (plain["TISKTASK_PULL_REQUEST_LABELS"], plain["TISKTASK_PULL_REQUEST_DRAFT"]) == ("", "false")
    assert (plain["TISKTASK_COMMAND"], plain["TISKTASK_DEFAULT_BRANCH"], plain["TISKTASK_FORCED"]) == ("", "", "false")


def test_a_command_is_told_as_it_was_written() -> None:
    assert job_environment(spec(command="/deploy staging"))["TISKTASK_COMMAND"] == "/deploy staging"


@pytest.mark.parametrize(
    ("forge", "prefix"),
    [("github", "TISKTASK_GITHUB_"), ("forgejo", "TISKTASK_FORGEJO_"), ("gitea", "TISKTASK_FORGEJO_")],
)
def test_programs_written_for_a_forge_find_its_names(forge: str, prefix: str) -> None:
    variables = job_environment(spec(forge, event="tag", tag="v1"))
    assert variables[f"{prefix}EVENT"] == "push"
    assert variables[f"{prefix}REPOSITORY"] == "o/r"


def test_a_local_repository_has_no_forges_names() -> None:
    assert not [name for name in job_environment(spec("local")) if "GITHUB" in name or "FORGEJO" in name]


def ended(code: int, *, out_of_memory: bool = False, reason: str = "") -> Exit:
    return Exit(code, code - 128 if code > 128 else None, out_of_memory, NOW, NOW, reason)


def test_exit_code_zero_is_success_also_if_a_child_ran_out_of_memory() -> None:
    assert outcome_of_exit(ended(0), None, Limits()).state is JobState.SUCCEEDED
    outcome = outcome_of_exit(ended(0, out_of_memory=True), None, Limits())
    assert (outcome.state, outcome.out_of_memory, outcome.reason) == (JobState.SUCCEEDED, True, "")


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (ended(3), "The program ended with exit code 3."),
        (ended(137), "The program was ended by signal 9 (SIGKILL)."),
        (ended(191), "The program was ended by signal 63 (unknown)."),
        (ended(137, out_of_memory=True), "Out of memory: the job reached its limit of 2 GiB"),
        (ended(127, reason="There is no such program."), "There is no such program."),
    ],
)
def test_any_other_exit_is_the_programs_failure(end: Exit, reason: str) -> None:
    outcome = outcome_of_exit(end, None, Limits(memory_bytes=2 * 1024**3))
    assert outcome.state is JobState.FAILED
    assert outcome.exit_code == end.exit_code
    assert reason in outcome.reason


def test_an_end_that_nobody_saw_is_not_the_programs_fault() -> None:
    outcome = outcome_of_exit(Lost("the host was restarted while it ran"), None, Limits())
    assert (outcome.state, outcome.exit_code) == (JobState.ERRORED, None)
    assert "the host was restarted" in outcome.reason


@pytest.mark.parametrize("end", [ended(0), ended(143), Lost("gone")])
def test_a_program_that_was_stopped_ends_as_ordered_whatever_it_answers(end: Exit | Lost) -> None:
    outcome = outcome_of_exit(end, ORDER, Limits())
    assert (outcome.state, outcome.reason) == (JobState.CANCELLED, "Enough.")


def test_the_user_is_blamed_for_what_only_the_user_can_mend() -> None:
    for mine in (CommitGone("x"), RepositoryNotFound("x"), AccessDenied("x")):
        assert outcome_of_source(mine).state is JobState.FAILED
    for ours in (FetchFailed("x"), CheckoutFailed("x")):
        assert outcome_of_source(ours).state is JobState.ERRORED
    states = [outcome_of_build(end).state for end in (BuildFailed("x"), BuildTimedOut("x"), BuildErrored("x"))]
    assert states == [JobState.FAILED, JobState.TIMED_OUT, JobState.ERRORED]
    assert set(states) <= JOB_ENDS


def test_sizes_and_times_are_written_for_people() -> None:
    assert "limit of 1.5 MiB" in words.log_limit_reached(1_572_864)
    assert "limit of 12 bytes" in words.log_limit_reached(12)
    assert "1 h 1 min 1 s" in words.timed_out(3661)
    assert "2 h and" in words.timed_out(7200)


def test_pull_requests_of_two_repositories_share_no_image_though_their_numbers_are_the_same() -> None:
    ours = spec().model_copy(update={"cache_scope": "pr-7"})
    theirs = ours.model_copy(update={"repository": ours.repository.model_copy(update={"id": RepositoryId("repo_2")})})
    other = ours.model_copy(update={"cache_scope": "pr-8"})
    assert len({image_scope(one) for one in (spec(), ours, theirs, other)}) == 4
    assert image_scope(spec()) == ""
