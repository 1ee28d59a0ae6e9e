"""Pull requests of strangers on the whole stack: nothing of theirs runs before somebody has allowed that very commit."""

import pytest

from contributions import OWN, STRANGER, WRITER, Contributions
from forge import Flavour
from git_server import plain, program
from stack import job_named, wait_for
from stack_fixtures import podman

pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("nothing_left")]

FOLDER = ".tisktask/pull_request"
SAYS = program('#!/bin/sh\necho "ran $TISKTASK_SHA restricted=$TISKTASK_RESTRICTED"\n')
#: A stranger's build file: building it is running it.
BUILD_FILE = plain("FROM docker.io/library/busybox:latest\nRUN echo a stranger builds > /built\n")
#: All that a program can find out about secrets around it.
LOOKS_AROUND = program(
    "#!/bin/sh\nenv\ncat /proc/self/mountinfo\nls -laR /run/tisktask\ncat /run/tisktask/event.json\n"
    "cat .git/config 2>/dev/null\nfind / -xdev -name '*token*' -not -path '/sys/*' 2>/dev/null\n"
    "tr '\\0' '\\n' < /proc/1/environ\nexit 0\n"
)
HOLDS = program("#!/bin/sh\ntrap 'exit 0' TERM\ntisktask-cmd LOCK deploy\necho holds\nwhile :; do sleep 0.1; done\n")
TAKES = program("#!/bin/sh\ntisktask-cmd LOCK deploy\necho took the lock\n")


@pytest.fixture
def contributions(project):
    return Contributions.begin(project)


def log_of(stack, run, name):
    return stack.wait_for_log(job_named(run, name)["id"]).decode()


def assert_nothing_ran(stack, run):
    """No job was made, so no log and no pod was; the only attempts are those of the inspection."""
    assert (run["jobs"], run["preparation"]) == ([], None)
    assert [attempt["state"] for attempt in stack.api(f"/jobs/{run['inspection']['id']}")["attempts"]] == ["succeeded"]


@pytest.mark.parametrize("flavour", list(Flavour))
def test_a_forks_pull_request_waits_and_runs_when_it_was_approved(make_project, stack, flavour):
    project = make_project(flavour)
    contributions = Contributions.begin(project)
    pull = contributions.open({f"{FOLDER}/check": SAYS})
    waiting = contributions.wait_for_state(pull.sha, "awaiting_approval")
    assert_nothing_ran(stack, waiting)
    trust = waiting["trust"]
    assert (trust["state"], trust["is_restricted"], trust["programs"]) == ("waiting", True, ["check"])
    assert trust["changes_programs"] is True
    assert "fork" in trust["why"]
    status = project.forge.state.shown
    wait_for(
        lambda: "approval" in (status(project.full_name, pull.sha).get("tisktask/pull_request") or _NONE).description,
        20,
        stack.log_tail,
    )
    assert waiting["id"] in stack.cli("run", "list", "--state", "awaiting_approval")
    shown = stack.cli("run", "show", waiting["id"])
    assert f"tisktask run approve {waiting['id']}" in shown
    assert "it changes .tisktask/" in shown

    assert stack.cli("run", "approve", waiting["id"]) == "done\n"
    run = contributions.wait_for_state(pull.sha, "succeeded")
    assert run["id"] == waiting["id"]
    assert log_of(stack, run, "check") == f"ran {pull.sha} restricted=1\n"
    assert (run["trust"]["state"], run["trust"]["decided_by"]) == ("approved", "admin")
    wait_for(lambda: project.statuses(pull.sha, "tisktask/pull_request")[-1:] == ["success"], 20, stack.log_tail)
    assert set(project.statuses(pull.sha, "tisktask/pull_request")[:-1]) == {"pending"}
    # Approved once, it does not wait any more.
    assert "not done" in stack.cli("run", "approve", waiting["id"], code=1)


class _None:
    description = ""


_NONE = _None()


def test_a_push_after_the_approval_asks_again(project, stack, contributions):
    pull = contributions.open({f"{FOLDER}/check": SAYS})
    first = pull.sha
    waiting = contributions.wait_for_state(first, "awaiting_approval")
    stack.cli("run", "approve", waiting["id"])
    contributions.wait_for_state(first, "succeeded")
    second = contributions.push(pull, {f"{FOLDER}/check": SAYS, "more": plain("more\n")})
    again = contributions.wait_for_state(second, "awaiting_approval")
    assert_nothing_ran(stack, again)
    # And a push while it waits makes the older one superfluous: what was read is not what would run.
    third = contributions.push(pull, {f"{FOLDER}/check": SAYS, "more": plain("even more\n")})
    contributions.wait_for_state(third, "awaiting_approval")
    contributions.wait_for_state(second, "cancelled")
    assert "not done" in stack.cli("run", "approve", again["id"], code=1)


def test_a_strangers_build_file_is_not_built_before_the_approval(project, stack, storage, busybox, contributions):
    assert busybox
    before = podman(storage, "images", "--all", "--quiet", "--no-trunc")
    pull = contributions.open({f"{FOLDER}/check": SAYS, ".tisktask/Containerfile": BUILD_FILE})
    waiting = contributions.wait_for_state(pull.sha, "awaiting_approval")
    assert podman(storage, "images", "--all", "--quiet", "--no-trunc") == before
    assert "a stranger builds" not in stack.wait_for_log(waiting["inspection"]["id"]).decode()
    stack.cli("run", "decline", waiting["id"], "--reason", "no builds, please")
    declined = contributions.wait_for_state(pull.sha, "skipped")
    assert "no builds, please" in declined["reason"]
    assert podman(storage, "images", "--all", "--quiet", "--no-trunc") == before
    assert_nothing_ran(stack, declined)
    # What was not allowed has passed no check.
    wait_for(lambda: project.statuses(pull.sha, "tisktask/pull_request")[-1:] == ["error"], 20, stack.log_tail)


@pytest.mark.parametrize("flavour", [Flavour.FORGEJO, Flavour.GITEA])
def test_what_was_pushed_for_review_is_a_strangers_although_it_lies_in_the_repository(make_project, stack, flavour):
    contributions = Contributions.begin(make_project(flavour))
    pull = contributions.open({f"{FOLDER}/check": SAYS}, kind="agit")
    assert_nothing_ran(stack, contributions.wait_for_state(pull.sha, "awaiting_approval"))


def test_who_may_write_is_not_asked_about_an_own_branch_and_a_stranger_is(stack, contributions):
    """Whoever caused the event counts: a reader may label a writer's pull request, too."""
    own = contributions.open({f"{FOLDER}/check": OWN}, author=WRITER, kind="own")
    run = contributions.wait_for_state(own.sha, "succeeded")
    assert not (run["trust"] or {}).get("is_restricted")
    contributions.tell(own, "reopened", sender=STRANGER)
    waiting = contributions.wait_for_state(own.sha, "awaiting_approval")
    assert STRANGER in waiting["trust"]["why"]


@pytest.mark.parametrize("flavour", [Flavour.GITHUB, Flavour.GITEA])
def test_a_writers_comment_allows_the_commit_that_it_names(make_project, stack, flavour):
    """GitHub does not tell the head with a comment: it is asked."""
    project = make_project(flavour)
    contributions = Contributions.begin(project)
    pull = contributions.open({f"{FOLDER}/check": SAYS})
    contributions.wait_for_state(pull.sha, "awaiting_approval")
    contributions.comment(pull, f"/ok-to-test {pull.sha[:10]}", WRITER)
    run = contributions.wait_for_state(pull.sha, "succeeded")
    assert WRITER in run["trust"]["decided_by"]
    # The comment itself makes no run.
    runs = stack.api(f"/runs?repository={project.full_name}")["items"]
    assert [one["event"] for one in runs] == ["pull_request"]


def test_a_strangers_comment_allows_nothing_and_is_noted(stack, contributions):
    pull = contributions.open({f"{FOLDER}/check": SAYS})
    waiting = contributions.wait_for_state(pull.sha, "awaiting_approval")
    contributions.comment(pull, "/ok-to-test", STRANGER)
    noted = wait_for(lambda: stack.api(f"/runs/{waiting['id']}")["trust"]["note"], 30, stack.log_tail)
    assert STRANGER in noted
    assert stack.api(f"/runs/{waiting['id']}")["state"] == "awaiting_approval"


def test_a_comment_that_names_an_older_head_allows_nothing(stack, contributions):
    """The author has pushed between the reading and the comment."""
    pull = contributions.open({f"{FOLDER}/check": SAYS})
    read = pull.sha
    contributions.wait_for_state(read, "awaiting_approval")
    moved = contributions.push(pull, {f"{FOLDER}/check": SAYS, "evil": plain("since\n")})
    waiting = contributions.wait_for_state(moved, "awaiting_approval")
    contributions.comment(pull, f"/ok-to-test {read[:12]}", WRITER)
    wait_for(lambda: stack.api(f"/runs/{waiting['id']}")["trust"]["note"], 30, stack.log_tail)
    assert stack.api(f"/runs/{waiting['id']}")["state"] == "awaiting_approval"
    contributions.comment(pull, f"/ok-to-test {moved}", WRITER)
    contributions.wait_for_state(moved, "succeeded")


@pytest.mark.parametrize(("policy", "end"), [("never", "skipped"), ("without_secrets", "succeeded")])
def test_a_repository_may_never_ask(project, stack, contributions, policy, end):
    stack.cli("repo", "set", project.full_name, "--forks", policy)
    pull = contributions.open({f"{FOLDER}/check": SAYS})
    run = contributions.wait_for_state(pull.sha, end)
    assert run["trust"]["is_restricted"]
    if policy == "never":
        assert_nothing_ran(stack, run)
        assert run["reason"]
        wait_for(lambda: project.statuses(pull.sha, "tisktask/pull_request")[-1:] == ["error"], 20, stack.log_tail)
    else:
        assert log_of(stack, run, "check") == f"ran {pull.sha} restricted=1\n"


def test_newcomers_are_asked_about_once(project, stack, contributions):
    stack.cli("repo", "set", project.full_name, "--forks", "first_timers")
    pull = contributions.open({f"{FOLDER}/check": OWN, "a": plain("a\n")})
    waiting = contributions.wait_for_state(pull.sha, "awaiting_approval")
    assert waiting["trust"]["changes_programs"] is False
    stack.cli("run", "approve", waiting["id"])
    contributions.wait_for_state(pull.sha, "succeeded")
    known = contributions.open({f"{FOLDER}/check": OWN, "b": plain("b\n")})
    assert contributions.wait_for_state(known.sha, "succeeded")["trust"]["is_restricted"]
    # Not for what changes the programs, and not for others.
    changed = contributions.open({f"{FOLDER}/check": SAYS})
    contributions.wait_for_state(changed.sha, "awaiting_approval")
    other = contributions.open({f"{FOLDER}/check": OWN, "c": plain("c\n")}, author="mallory")
    contributions.wait_for_state(other.sha, "awaiting_approval")


def test_a_restricted_job_finds_no_secrets_and_locks_nobody_out(project, stack, contributions):
    holder = project.push({".tisktask/push/holder": HOLDS})

    def holding():
        return [
            run
            for run in stack.runs(project.full_name, holder)
            if run["jobs"] and b"holds" in stack.raw(f"/jobs/{run['jobs'][0]['id']}/log")
        ]

    (trusted,) = wait_for(holding, 60, stack.log_tail)
    pull = contributions.open({f"{FOLDER}/look": LOOKS_AROUND, f"{FOLDER}/lock": TAKES})
    stack.cli("run", "approve", contributions.wait_for_state(pull.sha, "awaiting_approval")["id"])
    run = contributions.wait_for_state(pull.sha, "succeeded")
    assert "took the lock" in log_of(stack, run, "lock")
    assert stack.api(f"/runs/{trusted['id']}")["state"] == "running"
    found = log_of(stack, run, "look")
    assert "TISKTASK_RESTRICTED=1\n" in found
    for secret in (project.token, project.secret, stack.token):
        assert secret not in found
    stack.cli("run", "cancel", trusted["id"])
    stack.wait_for_run(project.full_name, holder)


def test_an_approved_run_is_run_again_and_one_that_was_declined_waits_again(stack, contributions):
    pull = contributions.open({f"{FOLDER}/check": SAYS})
    waiting = contributions.wait_for_state(pull.sha, "awaiting_approval")
    stack.cli("run", "decline", waiting["id"])
    contributions.wait_for_state(pull.sha, "skipped")
    stack.cli("run", "rerun", waiting["id"])
    again = contributions.wait_for_state(pull.sha, "awaiting_approval")
    assert again["id"] != waiting["id"]
    stack.cli("run", "approve", again["id"])
    contributions.wait_for_state(pull.sha, "succeeded")
    stack.cli("run", "rerun", again["id"])
    third = contributions.wait_for_state(pull.sha, "succeeded")
    assert wait_for(lambda: len(stack.runs(contributions.project.full_name, pull.sha)) == 3, 20, stack.log_tail)
    assert third["trust"]["is_restricted"]
