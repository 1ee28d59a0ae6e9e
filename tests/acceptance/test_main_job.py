"""The main job: a push becomes a run, pods, live logs and commit statuses, on every forge."""

import pytest

from forge import Flavour
from forge.webhooks import Delivery
from git_server import plain, program
from ingest_payloads import pull_request
from project import follow_log
from stack import job_named, wait_for

pytestmark = pytest.mark.timeout(180)

#: The viewer comes while it sleeps: before the first line.
PASSES = """#!/bin/sh
sleep 1
printf 'first line\\n'
printf '\\033[32mgreen\\033[0m and \\377 no UTF-8\\n'
printf 'no newline at the end'
"""
PASSES_OUTPUT = b"first line\n\x1b[32mgreen\x1b[0m and \xff no UTF-8\nno newline at the end"
FAILS = "#!/bin/sh\necho to standard error >&2\nexit 3\n"


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("flavour", list(Flavour))
def test_a_push_becomes_a_run_with_live_logs_and_statuses(make_project, stack, flavour):
    project = make_project(flavour)
    sha = project.push({".tisktask/push/passes": program(PASSES), ".tisktask/push/fails": program(FAILS)})

    running = wait_for(
        lambda: next((run for run in stack.runs(project.full_name, sha) if len(run["jobs"]) == 2), None),
        30,
        stack.log_tail,
    )
    passing = job_named(running, "passes")["id"]
    seen = list(follow_log(stack, passing))

    run = stack.wait_for_run(project.full_name, sha)
    assert run["state"] == "failed"
    assert (run["event"], run["sha"], run["repository"]) == ("push", sha, project.full_name)
    assert [(job["name"], job["state"], job["exit_code"]) for job in sorted(run["jobs"], key=lambda j: j["name"])] == [
        ("fails", "failed", 3),
        ("passes", "succeeded", 0),
    ]
    assert stack.wait_for_log(passing) == PASSES_OUTPUT
    assert stack.wait_for_log(job_named(run, "fails")["id"]) == b"to standard error\n"
    texts = [line["text"] for event, _, data in seen if event == "line" for line in data["lines"]]
    assert texts == ["first line", "\x1b[32mgreen\x1b[0m and \ufffd no UTF-8", "no newline at the end"]
    assert seen[-1][0] == "end"

    failure, error = ["pending", "failure"], project.stack.log_tail
    for context, states in {
        "tisktask/push": failure,
        "tisktask/push/fails": failure,
        "tisktask/push/passes": ["pending", "success"],
    }.items():
        wait_for(lambda c=context, s=states: project.statuses(sha, c) == s, 20, error)


def test_a_repeated_delivery_makes_no_second_run(project, stack):
    sha = project.commit({".tisktask/push/job": program("#!/bin/sh\necho once\n")})
    delivery = project.delivery(sha)
    for _ in range(3):
        assert delivery.send_now(stack.ingest_url) == 202
    stack.wait_for_run(project.full_name, sha)
    assert delivery.send_now(stack.ingest_url) == 202
    later = project.run({".tisktask/push/job": program("#!/bin/sh\necho later\n")})
    assert len(stack.runs(project.full_name, sha)) == 1
    assert later["number"] == 2


def test_a_tag_runs_the_tags_folder_and_a_push_does_not(project, stack):
    files = {
        ".tisktask/push/on-push": program("#!/bin/sh\n:\n"),
        ".tisktask/tag/on-tag": program('#!/bin/sh\necho "$TISKTASK_TAG"\n'),
    }
    sha = project.push(files, ref="refs/tags/v1.0")
    run = stack.wait_for_run(project.full_name, sha)
    assert (run["event"], run["state"], [job["name"] for job in run["jobs"]]) == ("tag", "succeeded", ["on-tag"])
    assert stack.wait_for_log(run["jobs"][0]["id"]) == b"v1.0\n"


@pytest.mark.parametrize(("flavour", "action"), [(Flavour.GITHUB, "synchronize"), (Flavour.GITEA, "synchronized")])
def test_a_pull_request_from_a_fork_is_fetched_from_the_base_repository(make_project, stack, flavour, action):
    project = make_project(flavour)
    sha = project.commit(
        {".tisktask/pull_request/check": program('#!/bin/sh\necho "$TISKTASK_PULL_REQUEST $TISKTASK_ACTION"\n')},
        ref="refs/pull/5/head",
    )
    stack.cli("repo", "set", project.full_name, "--forks", "without_secrets")
    head = {"sha": sha, "ref": "better", "repo": {"id": 8, "full_name": "stranger/fork"}}
    payload = pull_request(action, project.full_name, head=head)
    assert Delivery(flavour, "pull_request", payload, project.secret).send_now(stack.ingest_url) == 202
    run = stack.wait_for_run(project.full_name, sha)
    assert (run["event"], run["action"], run["state"]) == ("pull_request", "synchronize", "succeeded")
    assert stack.wait_for_log(run["jobs"][0]["id"]) == b"5 synchronize\n"
    context = "tisktask/pull_request"
    wait_for(lambda: project.statuses(sha, context) == ["pending", "success"], 20, stack.log_tail)


def test_a_job_knows_what_it_runs_for(project, stack):
    script = """#!/bin/sh
echo "$CI $TISKTASK_EVENT $TISKTASK_REPOSITORY $TISKTASK_SHA $TISKTASK_REF $TISKTASK_BRANCH $TISKTASK_ATTEMPT"
echo "$TISKTASK_RUN_ID $TISKTASK_JOB_ID $TISKTASK_FORGE $TISKTASK_FORGEJO_SHA $TISKTASK_ACTOR"
echo "$TISKTASK_SOCKET_PATH $TISKTASK_WORKSPACE $PWD $TISKTASK_URL"
cat "$TISKTASK_WORKSPACE/file"
grep -c '"head_commit"' /run/tisktask/event.json
"""
    run = project.run({".tisktask/push/env": program(script), "file": plain("content\n")})
    job = run["jobs"][0]
    sha = run["sha"]
    assert stack.wait_for_log(job["id"]).decode().splitlines() == [
        f"true push {project.full_name} {sha} refs/heads/main main 1",
        f"{run['id']} {job['id']} forgejo {sha} ada",
        f"/run/tisktask/command.sock /workspace /workspace {stack.url}/runs/{run['id']}",
        "content",
        "1",
    ]


def test_the_token_is_nowhere_to_be_seen(project, stack):
    run = project.run(
        {".tisktask/push/look": program("#!/bin/sh\nenv; cat /proc/mounts; find / -name config -path '*git*'\n")}
    )
    tokens = [token.value for token in project.forge.state.tokens.values()]
    text = stack.wait_for_log(run["jobs"][0]["id"]).decode(errors="replace") + stack.log_path.read_text()
    text += stack.wait_for_log(run["preparation"]["id"]).decode()
    assert not [token for token in [*tokens, project.secret] if token in text]
