"""When images have the same key, and which build file makes them."""

from dataclasses import replace

import pytest

from tisktask_runner.image.build_file import nearest_build_file
from tisktask_runner.image.key import plan_build, plan_image
from tisktask_runner.source.tree import EXECUTABLE, FILE, LINK, Entry, Listing

PATH = ".tisktask/Containerfile"


def listing(build_file: str, *entries: Entry, **texts: str) -> Listing:
    named = {name.replace("_", "."): text for name, text in texts.items()}
    return Listing("0" * 40, entries, {PATH: build_file, **named})


def file(path: str, blob: str = "1", mode: int = FILE) -> Entry:
    return Entry(path, mode, blob * 40)


def key(commit: Listing, platform: str = "linux/amd64") -> str:
    return plan_build(commit, PATH, platform).key


def test_without_copy_the_repository_does_not_matter() -> None:
    one, other = listing("FROM a\nRUN b", file("x")), listing("FROM a\nRUN b", file("x", "2"), file("y"))
    assert key(one) == key(other)
    assert not plan_build(one, PATH, "linux/amd64").reads_context


def test_the_build_file_and_the_platform_matter() -> None:
    one = listing("FROM a")
    assert len({key(one), key(listing("FROM b")), key(one, "linux/arm64")}) == 3


@pytest.mark.parametrize(
    ("changed", "is_same"),
    [
        ([file("src/a", "2")], False),
        ([file("src/a", mode=EXECUTABLE)], False),
        ([file("src/b")], False),
        ([], False),
        ([file("src/a"), file("src/deep/b")], False),
        ([file("src/a"), file("other")], True),
        ([file("src/a"), file("srcs/b")], True),
        ([file("src/a"), file("lib/src/b")], True),
    ],
)
def test_with_copy_of_a_folder_what_is_in_it_matters(changed: list[Entry], is_same: bool) -> None:
    text = "FROM a\nCOPY src /x"
    assert (key(listing(text, file("src/a"))) == key(listing(text, *changed))) is is_same


def test_patterns_match_within_one_name() -> None:
    text = "FROM a\nCOPY *.txt d?/ /x"
    before = key(listing(text, file("a.txt"), file("d1/x")))
    assert before == key(listing(text, file("a.txt"), file("d1/x"), file("b/c.txt"), file("d12/x")))
    assert before != key(listing(text, file("a.txt"), file("d1/x"), file("c.txt")))
    assert before != key(listing(text, file("a.txt"), file("d1/x"), file("d2/y")))


def test_with_copy_of_everything_every_file_matters() -> None:
    text = "FROM a\nCOPY . /x"
    assert key(listing(text, file("a"), file("b"))) != key(listing(text, file("a"), file("b", "2")))


@pytest.mark.parametrize("name", ["_containerignore", "_dockerignore"])
def test_ignored_files_do_not_matter(name: str) -> None:
    text, rules = "FROM a\nCOPY . /x", {name: "*.log\n"}
    before = key(listing(text, file("a"), **rules))
    assert before == key(listing(text, file("a"), file("b.log"), **rules))
    assert before != key(listing(text, file("a"), file("b"), **rules))


def test_ignore_rules_in_doubt_ignore_nothing() -> None:
    text = "FROM a\nCOPY . /x"
    for rules in ({"_dockerignore": "[b].log"}, {"_dockerignore": "*.log", "_containerignore": "*.log"}):
        assert key(listing(text, file("a"), **rules)) != key(listing(text, file("a"), file("b.log"), **rules))


def test_an_ignore_file_beside_the_build_file_ignores_nothing_for_podman_versions_that_do_not_know_it() -> None:
    text = "FROM a\nCOPY . /x"
    one = listing(text, file("a"))
    one = replace(one, texts={**one.texts, f"{PATH}.dockerignore": "*.log"})
    assert key(one) != key(replace(one, entries=(*one.entries, file("b.log"))))


@pytest.mark.parametrize("linked", ["src", "src/a"])
def test_a_source_behind_a_link_makes_everything_matter(linked: str) -> None:
    text, behind = "FROM a\nCOPY src/a /x", Entry(linked, LINK, "5" * 40, target="elsewhere")
    assert key(listing(text, behind, file("elsewhere/a"))) != key(listing(text, behind, file("elsewhere/a", "2")))


def test_a_boundary_between_fields_can_not_be_moved() -> None:
    text = "FROM a\nCOPY . /x"
    assert key(listing(text, file("a"), file("b"))) != key(
        listing(text, Entry("a0o100644" + "1" * 40 + "b", FILE, "1" * 40))
    )


def test_names_that_are_no_text_have_keys_of_their_own() -> None:
    text = "FROM a\nCOPY . /x"
    assert key(listing(text, file("\udcff"))) != key(listing(text, file("\udcfe")))


def build_files(*paths: str) -> Listing:
    return Listing("0" * 40, (), dict.fromkeys(paths, "FROM a"))


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([".tisktask/Dockerfile", ".tisktask/push/Dockerfile"], ".tisktask/push/Dockerfile"),
        ([".tisktask/Dockerfile", ".tisktask/release/Dockerfile"], ".tisktask/Dockerfile"),
        ([".tisktask/push/Dockerfile.b", ".tisktask/push/Dockerfile.a"], ".tisktask/push/Dockerfile.a"),
        ([".tisktask/push/Containerfile.a", ".tisktask/push/Dockerfile"], ".tisktask/push/Dockerfile"),
        ([".tisktask/push/Containerfile", ".tisktask/push/Dockerfile"], ".tisktask/push/Containerfile"),
        ([".tisktask/push/Dockerfile.dockerignore", ".tisktask/Dockerfile"], ".tisktask/Dockerfile"),
        (["Dockerfile", ".tisktask/push/lib/Dockerfile"], None),
        ([], None),
    ],
)
def test_the_nearest_build_file_is_taken(paths: list[str], expected: str | None) -> None:
    assert nearest_build_file(build_files(*paths), ".tisktask/push/build") == expected


def test_the_folder_of_an_action_comes_first() -> None:
    commit = build_files(".tisktask/release/published/Dockerfile", ".tisktask/release/Dockerfile")
    assert nearest_build_file(commit, ".tisktask/release/published/x") == ".tisktask/release/published/Dockerfile"
    assert nearest_build_file(commit, ".tisktask/release/x") == ".tisktask/release/Dockerfile"


def test_without_a_build_file_there_is_no_plan() -> None:
    assert plan_image(build_files(), ".tisktask/push/build", "linux/amd64") is None


def test_equal_build_files_share_one_image() -> None:
    commit = build_files(".tisktask/push/Dockerfile", ".tisktask/release/Dockerfile")
    plans = [plan_image(commit, f".tisktask/{event}/x", "linux/amd64") for event in ("push", "release")]
    assert len({plan.key for plan in plans if plan}) == 1
    assert all(plans)


def test_who_is_kept_apart_has_keys_of_their_own() -> None:
    commit = listing("FROM a\nCOPY src /x", file("src/a"))
    plans = [plan_build(commit, PATH, "linux/amd64", scope) for scope in ("", "pr-1", "pr-12", "restricted")]
    assert len({plan.key for plan in plans}) == 4
    assert [plan.is_apart for plan in plans] == [False, True, True, True]
    # The keys of trusted runs are as they were.
    assert plans[0].key == key(commit)
