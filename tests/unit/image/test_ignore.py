"""The rules of ignore files, as Docker's documentation gives them."""

import pytest

from tisktask_runner.image.ignore import ignore_rule


@pytest.mark.parametrize(
    ("text", "ignored", "kept"),
    [
        ("build", ["build", "build/a", "build/b/c"], ["builds", "src/build"]),
        ("/build/", ["build/a"], ["src/build"]),
        ("./build", ["build/a"], []),
        ("*/temp*", ["a/temporary", "a/temp/b"], ["temp", "a/b/temp"]),
        ("**/*.log", ["a.log", "a/b/c.log"], ["log", "a.log2"]),
        ("a/**", ["a/b", "a/b/c"], ["ab"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/z/d"], ["a/bz"]),
        ("?", ["a", "b/c"], ["ab"]),
        ("*.md\n!README.md", ["a.md"], ["README.md", "b/a.md"]),
        ("*\n!src", ["a", "b/c"], ["src/x"]),
        ("!a\na", ["a"], []),
        ("# a\n\n  b  ", ["b"], ["a", "# a"]),
        (".", [], ["a"]),
        ("a.b", ["a.b"], ["axb"]),
    ],
)
def test_rules(text: str, ignored: list[str], kept: list[str]) -> None:
    rule = ignore_rule(text)
    assert rule
    assert [path for path in ignored if not rule(path)] == []
    assert [path for path in kept if rule(path)] == []


@pytest.mark.parametrize("text", ["[ab]", "a\\b", "../x", "*a*a*a*a*a*a*a*", "a\n" * 1001])
def test_what_is_not_understood_ignores_nothing(text: str) -> None:
    assert ignore_rule(text) is None
