"""Exit codes 126 and 127 in words."""

import pytest

from tisktask_runner.image.explain import explain


@pytest.mark.parametrize(
    ("head", "exit_code", "words"),
    [
        (b"#!/usr/bin/python3\nimport os", 127, ["#!/usr/bin/python3", "not in the image busybox", "Containerfile"]),
        (b"#!/bin/bash -e\n", 127, ["/bin/bash is not in the image"]),
        (b"#! /usr/bin/env python3\n", 127, ["asks /usr/bin/env for python3", "busybox"]),
        (b"#!/usr/bin/env -S A=b node --flag\n", 127, ["for node"]),
        (b"#!/bin/sh\r\necho", 127, ["carriage return", "eol=lf"]),
        (b"#!/opt/tool\n", 126, ["/opt/tool"]),
        (b"echo hi\n", 126, ["no #! line"]),
        (b"\x7fELF\x02\x01", 126, ["another machine"]),
        (b"#!/usr/bin/env 'unbalanced\n", 127, ["for 'unbalanced"]),
    ],
)
def test_a_program_that_could_not_be_executed(head: bytes, exit_code: int, words: list[str]) -> None:
    reason = explain(".tisktask/push/build", head, "busybox", exit_code)
    assert reason
    assert reason.startswith(".tisktask/push/build") or "first line of .tisktask/push/build" in reason
    assert [word for word in words if word not in reason] == []


@pytest.mark.parametrize("exit_code", [0, 1, 2, 125, 137])
def test_other_codes_are_the_programs_own(exit_code: int) -> None:
    assert explain("a", b"#!/bin/sh\n", "busybox", exit_code) is None


def test_a_program_that_started_has_missed_a_command() -> None:
    reason = explain("a", b"#!/bin/sh\nnonsense\n", "busybox", 127, has_started=True)
    assert reason == "a ended with exit code 127: a command that it calls was not found in the image."
    assert explain("a", b"\x7fELF", "busybox", 126, has_started=True) is None
