"""Patterns of files: what they mean, and what is wrong with them."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tisktask_runner.source.path_filter import changed_files, find_match, wrong_pattern
from tisktask_runner.source.tree import EXECUTABLE, FILE, Entry, Listing


@pytest.mark.parametrize(
    ("pattern", "path", "is_meant"),
    [
        ("src/**", "src/a.py", True),
        ("src/**", "src/deep/er/a.py", True),
        ("src/**", "src", True),
        ("src/**", "srcs/a.py", False),
        ("src/", "src/a/b", True),
        ("src", "src", True),
        ("src", "src/a", False),
        ("*.md", "README.md", True),
        ("*.md", "docs/README.md", False),
        ("**/*.md", "README.md", True),
        ("**/*.md", "docs/a/README.md", True),
        ("src/**/test_*.py", "src/test_a.py", True),
        ("src/**/test_*.py", "src/a/b/test_c.py", True),
        ("src/**/test_*.py", "src/a/b/best_c.py", False),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("a*b*c", "aXbXbXc", True),
        ("*", "a/b", False),
        ("**", "a/b/c", True),
        ("a.c", "abc", False),
        ("A", "a", False),
    ],
)
def test_what_a_pattern_means(pattern: str, path: str, is_meant: bool) -> None:
    assert wrong_pattern(pattern) is None
    assert (find_match([pattern], [path]) is not None) == is_meant


def test_any_of_the_patterns_and_none_with_a_not() -> None:
    patterns = ["src/**", "lib/**", "!**/*.md"]
    assert find_match(patterns, ["docs/a", "src/README.md", "lib/x", "src/y"]) == "lib/x"
    assert find_match(patterns, ["docs/a", "src/README.md"]) is None
    assert find_match(patterns, []) is None


def test_with_nots_alone_everything_else_is_meant() -> None:
    assert find_match(["!docs/**", "!*.md"], ["docs/a", "README.md"]) is None
    assert find_match(["!docs/**", "!*.md"], ["docs/a", "src/README.md"]) == "src/README.md"


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("", "empty"),
        ("!", "empty"),
        ("/src/**", "root"),
        ("!/src", "root"),
        ("src//a", "empty part"),
        ("./src", "empty part"),
        ("a/../b", "empty part"),
        ("src/[ab]", "means nothing"),
        ("src/{a,b}", "means nothing"),
        ("src\\a", "means nothing"),
        ("src**", "alone"),
        ("src/**.py", "alone"),
        ("x" * 201, "200"),
    ],
)
def test_what_is_wrong_is_said(pattern: str, hint: str) -> None:
    assert hint in (wrong_pattern(pattern) or "")


NAMES = st.text("ab*?.", min_size=1, max_size=4)
PARTS = st.lists(
    st.just("**") | NAMES.filter(lambda name: "**" not in name and name not in {".", ".."}), min_size=1, max_size=5
)
PATHS = st.lists(st.text("ab.", min_size=1, max_size=4), min_size=1, max_size=5)


@given(pattern=PARTS, path=PATHS)
@settings(max_examples=500, deadline=None, database=None)
def test_it_means_the_same_as_a_regular_expression(pattern: list[str], path: list[str]) -> None:
    wanted = "".join(
        "(?:[^/]+/)*" if part == "**" else re.escape(part).replace(r"\*", "[^/]*").replace(r"\?", "[^/]") + "/"
        for part in pattern
    )
    expected = re.fullmatch(wanted, "/".join(path) + "/") is not None
    assert (find_match(["/".join(pattern)], ["/".join(path)]) is not None) == expected


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    began = time.monotonic()
    path = "/".join(["a" * 200] * 20)
    assert find_match(["/".join(["**", "*a*a*a*a*a*a*a*a*b"] * 10)], [path] * 20) is None
    assert time.monotonic() - began < 20


def test_what_was_added_removed_or_changed_has_changed() -> None:
    before = [Entry("same", FILE, "1"), Entry("gone", FILE, "2"), Entry("other", FILE, "3"), Entry("mode", FILE, "4")]
    after = [
        Entry("same", FILE, "1"),
        Entry("new", FILE, "2"),
        Entry("other", FILE, "5"),
        Entry("mode", EXECUTABLE, "4"),
    ]
    found = changed_files(Listing("1", tuple(before), {}), Listing("2", tuple(after), {}))
    assert found == ["gone", "mode", "new", "other"]
