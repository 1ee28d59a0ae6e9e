"""What users get wrong: every mistake ends in a final state with words that say what to do."""

import pytest

from git_server import File, link, plain, program
from stack import job_named, wait_for

pytestmark = pytest.mark.timeout(180)

OK = program("#!/bin/sh\necho ok\n")


def _preparation_log(stack, run) -> str:
    return stack.wait_for_log(run["preparation"]["id"]).decode()


def test_no_jobs_at_all_is_a_skipped_run_with_a_final_status(project, stack):
    run = project.run({"README.md": plain("nothing here")})
    assert run["state"] == "skipped"
    assert ".tisktask/push" in run["reason"]
    assert _final_status(project, run["sha"]) in {"success", "skipped"}


def test_a_script_without_its_executable_bit_is_a_warning_that_names_the_fix(project, stack):
    run = project.run({".tisktask/push/forgot": plain("#!/bin/sh\necho hi\n"), ".tisktask/push/job": OK})
    assert run["state"] == "succeeded"
    assert [job["name"] for job in run["jobs"]] == ["job"]
    assert any("git update-index --chmod=+x .tisktask/push/forgot" in warning for warning in run["warnings"])


def test_a_commit_that_was_force_pushed_away_fails_the_run_and_says_so(project, stack):
    gone = project.commit({".tisktask/push/job": OK})
    project.commit({".tisktask/push/job": program("#!/bin/sh\necho other\n")})
    project.git.forget_unreachable()
    assert project.delivery(gone).send_now(stack.ingest_url) == 202
    run = stack.wait_for_run(project.full_name, gone)
    assert run["state"] == "failed"
    assert gone[:7] in run["reason"]
    assert "force" in run["reason"]


def test_a_missing_interpreter_is_explained(project, stack):
    run = project.run({".tisktask/push/job": program("#!/usr/bin/python3\nprint('hi')\n")})
    job = run["jobs"][0]
    assert (run["state"], job["state"], job["exit_code"]) == ("failed", "failed", 127)
    assert "/usr/bin/python3" in job["reason"]


def test_names_with_spaces_and_letters_of_any_language_work(project, stack):
    run = project.run({".tisktask/push/prüfe das ✓": OK})
    assert [(job["name"], job["state"]) for job in run["jobs"]] == [("prüfe das ✓", "succeeded")]


def test_a_link_that_leaves_the_repository_is_no_job(project, stack):
    run = project.run({".tisktask/push/evil": link("../../../../etc/shadow"), ".tisktask/push/job": OK})
    assert [job["name"] for job in run["jobs"]] == ["job"]
    assert any("evil" in warning for warning in run["warnings"])


def test_a_jobs_folder_that_is_itself_a_link_has_no_jobs_and_says_why(project, stack):
    run = project.run({".tisktask": link("elsewhere"), "elsewhere/push/job": OK})
    assert run["state"] == "skipped"
    assert any(".tisktask" in warning and "link" in warning for warning in run["warnings"])


def test_ten_thousand_files_in_the_folder_are_listed_and_the_one_job_runs(project, stack):
    files: dict[str | bytes, File] = {f".tisktask/push/data-{number}": plain("x") for number in range(10_000)}
    run = project.run(files | {".tisktask/push/job": OK})
    assert (run["state"], len(run["jobs"])) == ("succeeded", 1)


def test_output_that_is_not_text_is_kept_byte_by_byte(project, stack):
    run = project.run({".tisktask/push/job": program("#!/bin/sh\nprintf 'a\\000b\\377\\376\\r\\n\\200'\n")})
    assert stack.wait_for_log(run["jobs"][0]["id"]) == b"a\0b\xff\xfe\r\n\x80"


def test_a_line_of_five_mebibytes_without_an_end_is_kept_whole(project, stack):
    script = "#!/bin/sh\nhead -c 5242880 /dev/zero | tr '\\0' x\n"
    run = project.run({".tisktask/push/job": program(script)})
    assert stack.wait_for_log(run["jobs"][0]["id"]) == b"x" * 5_242_880


def test_an_image_that_can_not_be_built_fails_the_run_and_its_log_is_the_answer(project, stack, busybox):
    build_file = f"FROM {busybox}\nRUN echo before && /bin/false\n"
    run = project.run({".tisktask/Dockerfile": plain(build_file), ".tisktask/push/job": OK})
    assert run["state"] == "failed"
    assert run["preparation"]["state"] == "failed"
    assert "before" in _preparation_log(stack, run)
    assert _final_status(project, run["sha"]) == "failure"


def test_a_program_that_is_killed_and_one_that_runs_out_of_memory_are_told_apart(project, stack):
    files = {
        ".tisktask/push/killed": program("#!/bin/sh\nkill -9 $$\n"),
        ".tisktask/push/greedy": program("#!/bin/sh\nhead -c 8589934592 /dev/zero | tail\nexit 1\n"),
    }
    run = project.run(files, seconds_max=120)
    killed, greedy = job_named(run, "killed"), job_named(run, "greedy")
    assert (killed["state"], killed["exit_code"], killed["out_of_memory"]) == ("failed", 137, False)
    assert (greedy["state"], greedy["out_of_memory"]) == ("failed", True)
    assert "memory" in greedy["reason"]


def test_a_repository_whose_token_was_revoked_says_so(project, stack, git):
    tokens = set(git.tokens)
    git.tokens.intersection_update({"nobody-knows"})
    try:
        run = project.run({".tisktask/push/job": OK})
    finally:
        git.tokens.update(tokens)
    assert run["state"] in {"failed", "errored"}
    assert "token" in run["reason"]


def _final_status(project, sha) -> str:
    def final():
        states = project.statuses(sha, "tisktask/push")
        return states[-1] if states and states[-1] != "pending" else None

    return wait_for(final, 20, project.stack.log_tail)
