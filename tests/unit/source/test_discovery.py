"""Which files are jobs for which event."""

import string
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tisktask_runner.source.discovery import Discovered, TooManyPrograms, discover
from tisktask_runner.source.tree import EXECUTABLE, FILE, LINK, SUBMODULE, Entry


def program(path: str) -> Entry:
    return Entry(path, EXECUTABLE, "1" * 40)


def plain(path: str, head: bytes = b"") -> Entry:
    return Entry(path, FILE, "2" * 40, head=head)


def link(path: str, target: str) -> Entry:
    return Entry(path, LINK, "3" * 40, target=target)


def found(entries: list[Entry], event: str, action: str | None = None) -> Discovered:
    discovered = discover(entries, event, action)
    assert isinstance(discovered, Discovered)
    return discovered


def names(entries: list[Entry], event: str, action: str | None = None) -> list[str]:
    return [program.name for program in found(entries, event, action).programs]


def test_executable_files_of_the_events_folder_are_jobs_in_the_order_of_their_names() -> None:
    entries = [program(".tisktask/push/b"), program(".tisktask/push/a"), program(".tisktask/release/c")]
    discovered = found(entries, "push")
    assert [(job.name, job.path) for job in discovered.programs] == [
        ("a", ".tisktask/push/a"),
        ("b", ".tisktask/push/b"),
    ]
    assert discovered.warnings == ()


@pytest.mark.parametrize(
    "path",
    [
        ".tisktask/push/.hidden",
        ".tisktask/push/Dockerfile",
        ".tisktask/push/Dockerfile.test",
        ".tisktask/push/Containerfile",
        ".tisktask/push/library/tool",
        ".tisktask/build",
        ".tisktask/pushed/build",
        "push/build",
        "sub/.tisktask/push/build",
        ".tisktask2/push/build",
    ],
)
def test_these_are_never_jobs(path: str) -> None:
    assert names([program(path), program(".tisktask/push/real")], "push") == ["real"]


def test_a_tag_runs_the_tag_folder_alone_if_there_is_one() -> None:
    assert names([program(".tisktask/tag/publish"), program(".tisktask/push/test")], "tag") == ["publish"]
    assert names([plain(".tisktask/tag/README"), program(".tisktask/push/test")], "tag") == []


def test_a_tag_falls_back_to_the_push_folder() -> None:
    assert names([program(".tisktask/push/test")], "tag") == ["test"]


def test_a_push_never_runs_the_tag_folder() -> None:
    assert names([program(".tisktask/tag/publish")], "push") == []


PULL_REQUEST = [
    program(".tisktask/pull_request/test"),
    program(".tisktask/pull_request/opened/welcome"),
    program(".tisktask/pull_request/synchronize/one"),
    program(".tisktask/pull_request/synchronized/other"),
    program(".tisktask/pull_request/labeled/check"),
]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("opened", ["opened/welcome", "test"]),
        ("synchronize", ["synchronize/one", "synchronized/other", "test"]),
        ("synchronized", ["synchronize/one", "synchronized/other", "test"]),
        ("reopened", ["test"]),
        ("labeled", ["labeled/check"]),
        ("closed", []),
        (None, ["test"]),
    ],
)
def test_pull_requests_run_direct_files_only_when_the_code_is_new(action: str | None, expected: list[str]) -> None:
    assert names(PULL_REQUEST, "pull_request", action) == expected


@pytest.mark.parametrize("event", ["manual", "issue_comment", "repository_dispatch"])
def test_other_events_run_their_direct_files_for_every_action(event: str) -> None:
    entries = [program(f".tisktask/{event}/all"), program(f".tisktask/{event}/nightly/publish")]
    assert names(entries, event, "nightly") == ["all", "nightly/publish"]
    assert names(entries, event, "hourly") == ["all"]


def test_a_release_runs_its_direct_files_once_though_forges_send_several_actions_for_it() -> None:
    entries = [program(".tisktask/release/all"), program(".tisktask/release/released/notify")]
    assert names(entries, "release", "created") == []
    assert names(entries, "release", "published") == ["all"]
    assert names(entries, "release", "released") == ["released/notify"]


@pytest.mark.parametrize(
    ("event", "action", "folder"),
    [
        ("pull_request", "labeled", "label_updated"),
        ("pull_request", "unlabeled", "label_cleared"),
        ("release", "edited", "updated"),
        ("pull_request_review", "approved", "submitted"),
        ("pull_request_review", "changes_requested", "rejected"),
        ("pull_request_review", "commented", "reviewed"),
    ],
)
def test_an_action_runs_what_is_in_a_folder_with_another_forges_word_for_it(
    event: str, action: str, folder: str
) -> None:
    entries = [program(f".tisktask/{event}/{name}/x") for name in (action, folder, "other")]
    assert names(entries, event, action) == sorted([f"{action}/x", f"{folder}/x"])


def test_a_review_that_approves_does_not_run_what_others_run() -> None:
    entries = [program(f".tisktask/pull_request_review/{name}/x") for name in ("approved", "changes_requested")]
    assert names(entries, "pull_request_review", "approved") == ["approved/x"]


@pytest.mark.parametrize("action", ["../push", "opened/deep", ""])
def test_an_action_that_is_no_folder_name_reaches_no_other_folder(action: str) -> None:
    entries = [program(".tisktask/push/a"), program(".tisktask/release/opened/deep/b"), program(".tisktask/release/c")]
    assert names(entries, "release", action) == ["c"]


def test_links_that_stay_inside_and_end_in_a_program_are_jobs() -> None:
    entries = [
        program(".tisktask/lib/tool"),
        link(".tisktask/push/direct", "../lib/tool"),
        link(".tisktask/push/chained", "direct"),
        link(".tisktask/library", "lib"),
        link(".tisktask/push/through", "../library/./tool"),
    ]
    discovered = found(entries, "push")
    assert [job.name for job in discovered.programs] == ["chained", "direct", "through"]
    assert discovered.warnings == ()


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ("../../outside", "outside of .tisktask"),
        ("/bin/sh", "outside of .tisktask"),
        ("../../.tisktask/lib/tool", "outside of .tisktask"),
        ("../lib/absent", "does not exist"),
        ("x", "does not exist"),
        ("../lib/tool/x", "does not exist"),
        ("../lib/script", "not executable"),
    ],
)
def test_other_links_are_no_jobs_and_the_warning_says_why(target: str, word: str) -> None:
    entries = [program(".tisktask/lib/tool"), plain(".tisktask/lib/script", b"#!"), link(".tisktask/push/x", target)]
    discovered = found(entries, "push")
    assert discovered.programs == ()
    assert word in discovered.warnings[0]
    assert target in discovered.warnings[0]


def test_a_link_to_a_folder_is_a_library_without_a_warning() -> None:
    entries = [program(".tisktask/lib/tool"), link(".tisktask/push/lib", "../lib")]
    assert found(entries, "push") == found([program(".tisktask/lib/tool")], "push")


def test_an_events_folder_that_is_a_link_has_no_jobs_and_warns() -> None:
    discovered = found([program(".tisktask/push/a"), link(".tisktask/release", "push")], "release")
    assert discovered.programs == ()
    assert ".tisktask/release is a link to a folder" in discovered.warnings[0]


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        (link(".tisktask", "ci"), "is a link"),
        (plain(".tisktask"), "is a file"),
        (Entry(".tisktask", SUBMODULE, "4" * 40), "is a submodule"),
    ],
)
def test_a_tisktask_that_is_no_folder_has_no_jobs_and_warns(entry: Entry, word: str) -> None:
    discovered = found([entry], "push")
    assert discovered.programs == ()
    assert word in discovered.warnings[0]


def test_a_submodule_as_the_events_folder_warns() -> None:
    discovered = found([Entry(".tisktask/push", SUBMODULE, "4" * 40)], "push")
    assert discovered.warnings == (
        ".tisktask/push is a submodule; Tisktask does not fetch those, so it finds no jobs in it.",
    )


def test_a_script_that_is_not_executable_warns_and_names_the_fix() -> None:
    entries = [plain(".tisktask/push/it's here", b"#!"), plain(".tisktask/push/README", b"He")]
    (warning,) = found(entries, "push").warnings
    assert warning.endswith("Fix: git update-index --chmod=+x '.tisktask/push/it'\\''s here'")


def test_a_script_that_would_not_run_for_this_event_does_not_warn() -> None:
    entries = [
        plain(".tisktask/release/a", b"#!"),
        plain(".tisktask/push/lib/b", b"#!"),
        plain(".tisktask/push/.c", b"#!"),
    ]
    assert found(entries, "push").warnings == ()


@pytest.mark.parametrize("name", ["with space", "grün", "日本", "-rf", "a;b", "%s"])
def test_names_may_be_any_text(name: str) -> None:
    assert names([program(f".tisktask/push/{name}")], "push") == [name]


@pytest.mark.parametrize("name", ["\udcff\udcfe", "line\nbreak", "\x1b[31mred"])
def test_names_that_are_no_text_warn_and_can_be_logged(name: str) -> None:
    discovered = found([program(f".tisktask/push/{name}"), plain(f".tisktask/push/x{name}", b"#!")], "push")
    assert discovered.programs == ()
    assert "is not UTF-8 text" in discovered.warnings[0]
    assert all(warning.encode() and warning.isprintable() for warning in discovered.warnings)


def test_a_run_has_at_most_so_many_jobs() -> None:
    entries = [program(f".tisktask/push/{number}") for number in range(257)]
    assert len(names(entries[:256], "push")) == 256
    refused = discover(entries, "push", None)
    assert isinstance(refused, TooManyPrograms)
    assert "257" in refused.reason
    assert "256" in refused.reason


def test_many_warnings_are_cut() -> None:
    entries = [plain(f".tisktask/push/{number}", b"#!") for number in range(60)]
    warnings = found(entries, "push").warnings
    assert len(warnings) == 51
    assert "10 more" in warnings[-1]


def test_ten_thousand_links_in_a_row_are_judged_one_by_one() -> None:
    links = [link(f".tisktask/push/{number}", f"{number + 1}") for number in range(9_999)]
    discovered = found([*links, plain(".tisktask/push/9999")], "push")
    assert discovered.programs == ()


def test_nothing_to_run_says_where_jobs_would_be() -> None:
    assert found([], "pull_request", "opened").reason_if_empty == (
        "Nothing to run: there is no executable file in .tisktask/pull_request/ or .tisktask/pull_request/opened/."
    )


_part = st.one_of(
    st.sampled_from(["push", "tag", "pull_request", "opened", "lib", "Dockerfile", ".x", ".."]),
    st.text(string.ascii_letters + " äß\udcff\n", min_size=1, max_size=4),
)
_path = st.lists(_part, min_size=1, max_size=3).map(lambda parts: "/".join([".tisktask", *parts]))
_entry = st.builds(
    Entry,
    path=_path,
    mode=st.sampled_from([FILE, EXECUTABLE, LINK, SUBMODULE]),
    blob=st.just("1" * 40),
    head=st.sampled_from([b"", b"#!"]),
    target=st.one_of(_path, st.lists(_part, max_size=4).map("/".join)),
)


@settings(deadline=None)
@given(
    st.lists(_entry, max_size=12, unique_by=lambda entry: entry.path),
    st.sampled_from(["push", "tag", "pull_request", "..", ""]),
    st.one_of(st.none(), _part),
)
def test_whatever_a_commit_holds_jobs_are_visible_programs_of_one_folder_level(
    entries: list[Entry], event: str, action: str | None
) -> None:
    discovered = found(entries, event, action)
    by_path = {entry.path: entry for entry in entries}
    for job in discovered.programs:
        assert by_path[job.path].mode in {EXECUTABLE, LINK}
        assert job.path.split("/", 2)[2] == job.name
        assert job.name.count("/") <= 1
        assert not job.name.rpartition("/")[2].startswith((".", "Dockerfile", "Containerfile"))
        assert job.path.isprintable()
    assert all(one.path.encode() < other.path.encode() for one, other in pairwise(discovered.programs))
    assert all(warning.isprintable() for warning in discovered.warnings)
