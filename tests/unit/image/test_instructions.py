"""What a build file takes from the repository."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tisktask_runner.image.instructions import parse


def reads(text: str) -> set[str] | str:
    found = parse(text).reads
    return "everything" if found.everything else set(found.sources)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\nRUN b\n", set()),
        ("FROM a\nCOPY . /x", "everything"),
        ("FROM a\nCOPY ./ /x", "everything"),
        ("FROM a\nADD / /x", "everything"),
        ("FROM a\nCOPY one two/ ./three //four /x/", {"one", "two", "three", "four"}),
        ("from a\ncopy one /x", {"one"}),
        ("FROM a\nCOPY --chown=1:2 --chmod=755 --link one /x", {"one"}),
        ('FROM a\nCOPY ["one", "with space", "/x"]', {"one", "with space"}),
        ('FROM a\nCOPY --chown=1 ["one", "/x"]', {"one"}),
        ('FROM a\nCOPY ["one"', "everything"),
        ("FROM a\nCOPY *.txt src/?.c /x", {"*.txt", "src/?.c"}),
        ("FROM a\nCOPY [ab].txt /x", "everything"),
        ("FROM a\nCOPY $NAME /x", "everything"),
        ("FROM a\nCOPY ${NAME} /x", "everything"),
        ("FROM a\nCOPY ../secret /x", "everything"),
        ('FROM a\nCOPY "one" /x', "everything"),
        ("FROM a\nCOPY one$ /x", "everything"),
        ("FROM a\nCOPY a*b*c*d*e*f*g*h /x", "everything"),
        ("FROM a AS b\nCOPY --from=b /one /x", set()),
        ("FROM a\nCOPY --from=image /one /x\nCOPY two /x", {"two"}),
        ("FROM a\nADD https://example.org/one /x\nADD two /x", {"two"}),
        ("FROM a\nADD git@example.org:one.git /x", set()),
        ("FROM a\nCOPY https://odd /x", {"https:/odd"}),
        ("FROM a\nCOPY one \\\n  two \\\n  # a comment\n\n  /x", {"one", "two"}),
        ("# escape=`\nFROM a\nCOPY one `\n two /x", {"one", "two"}),
        ("# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nCOPY one `\n two /x", {"one", "two"}),
        ("FROM a\n# escape=`\nCOPY one two /x", {"one", "two"}),
        ("FROM a\nCOPY one /x \\", {"one"}),
        ("FROM a\nCOPY <<EOF /x\nsome text\nEOF\nCOPY one /z", {"one"}),
        ("FROM a\nRUN <<-'EOF'\n\tCOPY two /y\n\tEOF\nCOPY one /z", {"one", "two"}),
        ("FROM a\nRUN echo $((1<<3)) <<EOF\nCOPY one /z", {"one"}),
        ("FROM a\nRUN --mount=type=bind,source=one,target=/x make", {"one"}),
        ("FROM a\nRUN --mount=target=/x make", "everything"),
        ("FROM a\nRUN --mount=type=bind,from=b,source=one,target=/x make", set()),
        ("FROM a\nRUN --mount=type=cache,target=/x --mount=type=secret,id=y make", set()),
        ("FROM a\nRUN --mount=type=bind,src=$X,target=/x make", "everything"),
        ("FROM a\nRUN echo COPY . /x", set()),
        ("FROM a\n  COPY one /x", {"one"}),
        ("FROM a\nCOPY\tone\t/x", {"one"}),
        ("FROM a\nCOPY", set()),
        ("FROM a\nCOPY --from=b", set()),
        ("FROM python:onbuild", "everything"),
        ("\ufeffFROM a\nCOPY one /x", {"one"}),
        ("FROM a\r\nCOPY one /x\r\n", {"one"}),
        ("", set()),
    ],
)
def test_sources(text: str, expected: set[str] | str) -> None:
    assert reads(text) == expected


def test_bases_are_named_without_the_files_own_stages() -> None:
    text = "ARG V=1\nFROM --platform=linux/arm64 go:$V AS build\nFROM scratch\nFROM Build AS more\nFROM debian\n"
    assert parse(text).bases == ("go:1", "debian")


@pytest.mark.parametrize(
    ("text", "bases"),
    [
        ("ARG BASE=debian:12\nFROM $BASE\n", ("debian:12",)),
        ("ARG A=debian\nARG B=${A}:12\nFROM ${B}-slim\n", ("debian:12-slim",)),
        ("ARG A='debian' B=\"12\"\nFROM $A:${B}\n", ("debian:12",)),
        ("ARG A=\nFROM debian:${A:-12}\n", ("debian:12",)),
        ("ARG A=x\nFROM debian${A:+:13}\n", ("debian:13",)),
        ("ARG BUILD=build\nFROM debian AS build\nFROM $BUILD\n", ("debian",)),
        ("ARG A\nFROM debian:$A\n", ("debian:$A",)),
        ("FROM --platform=$BUILDPLATFORM debian:$TARGETARCH\n", ("debian:$TARGETARCH",)),
        ("FROM debian\nARG B=other\nFROM $B\n", ("debian", "$B")),
        ("ARG A='x\nFROM debian:$A\n", ("debian:$A",)),
    ],
)
def test_names_of_bases_are_made_of_the_arguments_before_the_first_stage(text: str, bases: tuple[str, ...]) -> None:
    assert parse(text).bases == bases


def test_arguments_that_double_with_each_line_take_no_room() -> None:
    lines = ["ARG A0=debian", *(f"ARG A{number + 1}=$A{number}$A{number}" for number in range(60)), "FROM $A60"]
    (base,) = parse("\n".join(lines)).bases
    assert len(base) <= 1000
    assert "$" in base


@settings(deadline=None)
@given(st.text(st.sampled_from("COPYADFRM .\\\n<E#`[]\"'$/=-a\t"), max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    found = parse(text).reads
    assert all(source and not source.startswith("/") for source in found.sources)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_a_copy_of_everything_is_never_missed_behind_whole_lines(text: str) -> None:
    quiet = "".join(character for character in text if character not in "\\`")
    assert parse(f"FROM a\n{quiet}\nCOPY . /x\n").reads.everything
