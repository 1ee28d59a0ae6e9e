"""What a program says about itself in its header comment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tisktask_common.labels import LABEL_FORM
from tisktask_common.rpc import Policy
from tisktask_runner.source.header import HeaderError, read_header


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("#!/bin/sh\necho no header\n", Policy()),
        (
            "#!/bin/sh\n# tisktask: retries=2 on=lost,75 timeout=10m labels=gpu\n",
            Policy(retries=2, on_lost=True, on_codes=[75], seconds_max=600, labels=["gpu"]),
        ),
        ("#!/usr/bin/env node\n// tisktask: timeout=90\n", Policy(seconds_max=90)),
        ("#!/usr/bin/env lua\n-- tisktask: timeout=2h\n", Policy(seconds_max=7200)),
        ("#!/bin/sh\r\n# tisktask: retries=1\r\n", Policy(retries=1)),
        ("/* tisktask: labels=gpu,arm64 */\n", Policy(labels=["arm64", "gpu"])),
        ("#!/bin/sh\n# tisktask: retries=3\n#tisktask: on=1\n", Policy(retries=3, on_codes=[1])),
        ("#!/bin/sh\n# tisktask: on=lost\n", Policy(retries=1, on_lost=True)),
        ("#!/bin/sh\necho '# tisktask: retries=99'\n", Policy()),
        ("#!/bin/sh\n# about tisktask: it is good\n", Policy()),
        ("\n" * 40 + "# tisktask: retries=1\n", Policy()),
    ],
)
def test_what_is_said_is_read(text: str, policy: Policy) -> None:
    assert read_header(text.encode()) == policy


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# tisktask: retrys=2", "retrys is no setting: did you mean retries?"),
        ("# tisktask: colour=red", "colour is no setting: there are retries, on, timeout, labels, paths"),
        ("# tisktask:", "nothing follows tisktask: - give settings such as retries=2 or timeout=10m"),
        ("# tisktask: retries", "retries needs a value: retries=2"),
        ("# tisktask: retries=11", "retries=11 is not a number from 0 to 10"),
        ("# tisktask: retries=000011", "retries=000011 is not a number from 0 to 10"),
        ("# tisktask: on=00010999", "on=00010999 is neither lost nor an exit code from 1 to 255"),
        ("# tisktask: retries=-1", "retries=-1 is not a number from 0 to 10"),
        ("# tisktask: retries=1 retries=2", "retries stands twice"),
        ("# tisktask: on=0", "on=0 is neither lost nor an exit code from 1 to 255"),
        ("# tisktask: on=lost,,75", "on= is neither lost nor an exit code from 1 to 255"),
        ("# tisktask: timeout=0s", "timeout=0s is not a time such as 90s, 10m or 2h, of 7 days at most"),
        ("# tisktask: timeout=8d", "timeout=8d is not a time such as 90s, 10m or 2h, of 7 days at most"),
        ("# tisktask: labels=GPU", f"labels=GPU is no label: {LABEL_FORM}"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, message: str) -> None:
    assert read_header(f"#!/bin/sh\n{text}\n".encode()) == [HeaderError(2, message)]


def test_all_mistakes_are_named() -> None:
    assert read_header(b"# tisktask: retries=x on=lost\n\n# tisktask: on=75 timeout\n") == [
        HeaderError(1, "retries=x is not a number from 0 to 10"),
        HeaderError(3, "on stands twice"),
        HeaderError(3, "timeout needs a value: timeout=10m"),
    ]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(head: bytes) -> None:
    for text in (head, b"# tisktask:" + head):
        assert isinstance(read_header(text), Policy | list)


def test_paths_are_read_as_they_stand() -> None:
    assert read_header(b"#!/bin/sh\n# tisktask: paths=src/**,!docs/**,src/** timeout=1m\n") == Policy(
        paths=["src/**", "!docs/**"], seconds_max=60
    )
    assert read_header(b"/* tisktask: paths=src/** */\n") == Policy(paths=["src/**"])


@pytest.mark.parametrize(
    ("value", "hint"),
    [("a,,b", "empty pattern"), ("/a", "root anyway"), ("a/[b]", "means nothing"), (",".join("abcdefghij" * 6), "60")],
)
def test_patterns_that_are_wrong_are_said(value: str, hint: str) -> None:
    found = read_header(f"#!/bin/sh\n# tisktask: paths={value}\n".encode())
    assert isinstance(found, list)
    assert hint in found[0].message
