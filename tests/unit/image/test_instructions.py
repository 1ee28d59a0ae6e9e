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
        ("FROM a AS b\nONBUILD COPY one /x\nFROM b", {"one"}),
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


def bases(text: str) -> tuple[str, ...]:
    return tuple(image.name for image in parse(text).images)


def test_bases_are_named_without_the_files_own_stages() -> None:
    text = "ARG V=1\nFROM --platform=linux/arm64 go:$V AS build\nFROM scratch\nFROM Build AS more\nFROM debian\n"
    assert bases(text) == ("go:1", "debian")


@pytest.mark.parametrize(
    ("text", "expected"),
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
def test_names_of_bases_are_made_of_the_arguments_before_the_first_stage(text: str, expected: tuple[str, ...]) -> None:
    assert bases(text) == expected


def test_arguments_that_double_with_each_line_take_no_room() -> None:
    lines = ["ARG A0=debian", *(f"ARG A{number + 1}=$A{number}$A{number}" for number in range(60)), "FROM $A60"]
    (base,) = bases("\n".join(lines))
    assert len(base) <= 1000
    assert "$" in base


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("FROM a AS b\nFROM c\nCOPY --from=b / /\nCOPY --from=0 / /\nCOPY --from=B / /", ["1 FROM a", "2 FROM c"]),
        ("FROM a\nCOPY --chown=1 \\\n  --from=d:1 / /\nADD e /", ["1 FROM a", "2 COPY d:1"]),
        ("FROM a\nCOPY --from=0 / /", ["1 FROM a", "2 COPY 0"]),
        ("FROM a\n\n# x\nRUN --mount=type=bind,from=d,target=/x make", ["1 FROM a", "4 RUN d"]),
        ("ARG D=d\nFROM a\nCOPY --from=$D / /\nARG D\nCOPY --from=$D / /", ["2 FROM a", "3 COPY $D", "5 COPY d"]),
        ("FROM a\nARG D=d\nFROM b\nCOPY --from=$D / /", ["1 FROM a", "3 FROM b", "4 COPY $D"]),
        (
            "FROM a\nARG D=from=d\nRUN --mount=type=bind,$D,target=/x --mount=$E make",
            ["1 FROM a", "3 RUN d", "3 RUN $e"],
        ),
        ("FROM a\nONBUILD COPY --from=d / /", ["1 FROM a", "2 COPY d"]),
    ],
)
def test_images_are_named_with_where_they_stand(text: str, named: list[str]) -> None:
    assert [f"{image.line} {image.instruction} {image.name}" for image in parse(text).images] == named


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
