"""Which file of the commit a job means by a path."""

import pytest

from tisktask_runner.jobsocket.command import CommandError
from tisktask_runner.jobsocket.programs import CommitFiles, candidates_for, find_build_file, find_program
from tisktask_runner.source.tree import EXECUTABLE, FILE, LINK, SUBMODULE, Entry, Listing

SHA = "1a2b3c4d" + "0" * 32


def commit(*programs: str, files: tuple[str, ...] = (), links: dict[str, str] | None = None) -> CommitFiles:
    entries = [Entry(path, EXECUTABLE, "b") for path in programs]
    entries += [Entry(path, FILE, "b") for path in files]
    entries += [Entry(path, LINK, "b", target=target) for path, target in (links or {}).items()]
    return CommitFiles(SHA, Listing("tree", tuple(sorted(entries, key=lambda entry: entry.path)), {}))


def refusal(files: CommitFiles, asked: str) -> str:
    with pytest.raises(CommandError) as caught:
        find_program(files, asked)
    return f"{caught.value.failure.code} {caught.value.failure.message}"


@pytest.mark.parametrize("asked", ["push/lint", ".tisktask/push/lint", "./push//lint", "push/../push/lint"])
def test_a_path_is_looked_for_below_tisktask(asked: str):
    assert find_program(commit(".tisktask/push/lint", "push/lint"), asked) == ".tisktask/push/lint"


def test_then_from_the_root():
    assert find_program(commit(".tisktask/push/lint", "tools/gen"), "tools/gen") == "tools/gen"


def test_a_folder_of_that_name_is_not_in_the_way_of_a_program_at_the_root():
    assert find_program(commit(".tisktask/test/unit", "test"), "test") == "test"


def test_links_are_followed_as_long_as_they_stay_inside():
    files = commit("tools/lint", links={".tisktask/push/lint": "../../tools/lint", "all": ".tisktask/push"})
    assert find_program(files, "push/lint") == ".tisktask/push/lint"
    assert find_program(files, "all/lint") == "all/lint"


def test_what_is_not_there_is_answered_with_what_is():
    files = commit(".tisktask/push/build", ".tisktask/push/test", files=(".tisktask/push/notes",))
    assert refusal(files, "push/lint") == "NOTFOUND no program .tisktask/push/lint at 1a2b3c4; there: build, test"


def test_at_most_ten_names_are_told():
    files = commit(*(f".tisktask/push/job-{number:02}" for number in range(14)))
    assert refusal(files, "push/lint").endswith("job-08, job-09 and 4 more")


def test_in_an_unknown_folder_the_closest_are_told():
    files = commit(".tisktask/push/lint", ".tisktask/nightly/all")
    assert refusal(files, "psuh/lint") == (
        "NOTFOUND no program .tisktask/psuh/lint at 1a2b3c4, nor any in its folder; did you mean push/lint?"
    )


def test_a_commit_without_programs_is_told_as_well():
    assert refusal(commit(files=("README",)), "lint") == "NOTFOUND no program .tisktask/lint at 1a2b3c4"


def test_who_forgot_the_executable_bit_is_told_how_to_set_it():
    files = commit(files=(".tisktask/push/my lint",), links={".tisktask/push/other": "my lint"})
    fix = "ERR .tisktask/push/my lint is not executable. Fix: git update-index --chmod=+x '.tisktask/push/my lint'"
    assert refusal(files, "push/my lint") == fix
    assert refusal(files, "push/other") == fix


def test_a_folder_is_no_program():
    said = refusal(commit(".tisktask/push/lint"), "push")
    assert said == "ERR .tisktask/push is a folder, not a program; there: lint"


@pytest.mark.parametrize("target", ["nowhere", "/bin/sh", "../../../bin/sh", "lint"])
def test_links_that_lead_nowhere_or_out_are_no_programs(target: str):
    assert "is a link that leads nowhere" in refusal(commit(links={".tisktask/push/lint": target}), "push/lint")


def test_submodules_are_not_fetched():
    files = CommitFiles(SHA, Listing("tree", (Entry("vendor", SUBMODULE, "b"),), {}))
    assert refusal(files, "vendor") == "ERR vendor is a submodule; Tisktask does not fetch those"


@pytest.mark.parametrize("asked", ["../lint", "push/../../lint", ".."])
def test_paths_that_lead_out_are_refused(asked: str):
    assert refusal(commit("lint"), asked) == f"ERR '{asked}' leads out of the repository"


def test_absolute_paths_are_refused():
    assert refusal(commit("lint"), "/lint").startswith("ERR '/lint' is an absolute path")


def test_an_error_is_one_line_whatever_the_path_is():
    assert "\n" not in refusal(commit(), "push/li\nnt")
    assert len(refusal(commit(), "x" * 100_000)) < 400


def test_a_dot_is_the_folder_itself():
    assert candidates_for(".") == [".tisktask", "."]
    assert "is a folder" in refusal(commit(".tisktask/push/lint"), ".")


def test_build_files_are_found_likewise():
    files = commit(
        files=("Dockerfile", ".tisktask/push/Containerfile"), links={".tisktask/other": "push/Containerfile"}
    )
    assert find_build_file(files, "push/Containerfile") == ".tisktask/push/Containerfile"
    assert find_build_file(files, "Dockerfile") == "Dockerfile"
    assert find_build_file(files, "other") == ".tisktask/push/Containerfile"
    with pytest.raises(CommandError, match=r"NOTFOUND no build file \.tisktask/Nope at 1a2b3c4"):
        find_build_file(files, "Nope")
