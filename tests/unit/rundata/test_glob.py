"""Patterns of keys: what they match, and that none of them takes long."""

import pytest

from tisktask_orchestrator.rundata.glob import compile_glob


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("h?llo", ["hello", "hallo"], ["hllo", "heello"]),
        ("h*llo", ["hllo", "heeeello"], ["hell"]),
        ("h[ae]llo", ["hello", "hallo"], ["hillo"]),
        ("h[^e]llo", ["hallo", "hbllo"], ["hello"]),
        ("h[a-b]llo", ["hallo", "hbllo"], ["hcllo"]),
        ("h[b-a]llo", ["hallo", "hbllo"], ["hcllo"]),
        (r"\*", ["*"], ["a", r"\*"]),
        (r"[\]x]", ["]", "x"], ["\\"]),
        ("*ab*ab*", ["abab", "xabyabz"], ["ab", "aba"]),
        ("a*b*c", ["abc", "abbcc", "aXbYc"], ["acb", "ab"]),
        ("", [""], ["a"]),
        ("[", [], ["[", ""]),
        ("a\\", ["a\\"], ["a"]),
        ("*", ["", "a\nb"], []),
    ],
)
def test_a_pattern_matches_what_redis_documents(pattern: str, matching: list[str], others: list[str]) -> None:
    expression = compile_glob(pattern.encode())
    assert [key for key in [*matching, *others] if expression.fullmatch(key.encode())] == matching


def test_a_pattern_with_many_stars_does_not_try_all_ways() -> None:
    """By trying again at each star it would take longer than the universe exists."""
    assert not compile_glob(b"*a" * 200 + b"b").fullmatch(b"a" * 1024)
