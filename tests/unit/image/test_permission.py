"""What a build file may not name, and how that is said."""

from pathlib import Path

import pytest

from tisktask_runner.image.build import BuildOrder, ensure_image
from tisktask_runner.image.host import BuildHost
from tisktask_runner.image.instructions import parse
from tisktask_runner.image.key import plan_build
from tisktask_runner.image.outcomes import BuildFailed
from tisktask_runner.image.permission import find_forbidden
from tisktask_runner.source.tree import Listing

PATH = ".tisktask/Containerfile"
PRIVATE = f"localhost/tisktask/{'a1' * 32}"


def forbidden(text: str) -> str:
    return find_forbidden(PATH, parse(text))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (f"FROM {PRIVATE}", f"1: FROM names '{PRIVATE}'"),
        (f"FROM {PRIVATE}:latest", f"1: FROM names '{PRIVATE}:latest'"),
        (f"FROM tisktask/{'a1' * 32}", f"1: FROM names 'tisktask/{'a1' * 32}'"),
        (f"FROM localhost/tisktask/default/../{'a1' * 32}", "1: FROM names "),
        (f"ARG A={PRIVATE}\n\nFROM $A", f"3: FROM names '{PRIVATE}'"),
        (f"ARG A=tisktask\nARG B=localhost/$A\nFROM ${{B}}/{'a1' * 32}", f"3: FROM names '{PRIVATE}'"),
        (f"FROM ${{NEVER_SET:-{PRIVATE}}}", "1: FROM names "),
        (f"FROM ${{TARGETARCH:+{PRIVATE}}}", "1: FROM names "),
        (f"ARG N\nFROM ${{N:-${{N:-{PRIVATE}}}}}", "2: FROM names "),
        (f"FROM local${{NEVER_SET}}{PRIVATE.removeprefix('local')}", "1: FROM names "),
        (f'FROM "{PRIVATE}"', "1: FROM names "),
        ("FROM local\\host/tisktask/0a", "1: FROM names "),
        (f"FROM containers-storage:{PRIVATE}", "1: FROM names "),
        ("FROM docker-archive:/var/lib/some.tar", "1: FROM names "),
        ("FROM dir:/etc", "1: FROM names 'dir:/etc'"),
        ("FROM 3f", "1: FROM names '3f'"),
        (f"FROM debian\nFROM sha256:{'0' * 64}", "2: FROM names "),
        (f"FROM debian\nCOPY --from={PRIVATE} / /", f"2: COPY names '{PRIVATE}'"),
        ("FROM debian\nCOPY --from=0 / /", "2: COPY names '0'"),
        ("FROM debian\nCOPY --from=$SOME / /", "2: COPY names '$SOME'"),
        (f'FROM debian\nCOPY --fr"om"={PRIVATE} / /', f"2: COPY names '{PRIVATE}'"),
        (f"FROM debian\nRUN --mount=type=cache,from={PRIVATE},target=/x true", f"2: RUN names '{PRIVATE}'"),
        (f"FROM debian\nONBUILD COPY --from={PRIVATE} / /", f"2: COPY names '{PRIVATE}'"),
        ("FROM debian\nRUN --network=host true", "2: RUN --network=host is not allowed"),
        ("FROM debian\nRUN --mount=type=tmpfs,target=/x \\\n  --network=host true", "2: RUN --network=host is not"),
        ("FROM debian\nARG N=network=host\nRUN --$N true", "3: RUN --network=host is not allowed"),
        ("FROM debian\nRUN --$N true", "2: RUN --$N is not allowed"),
        ("FROM debian\nRUN --security=insecure true", "2: RUN --security=insecure is not allowed"),
    ],
)
def test_what_is_not_allowed_is_said_and_where(text: str, where: str) -> None:
    assert forbidden(text).startswith(f"{PATH}:{where}")


@pytest.mark.parametrize(
    "text",
    [
        "FROM localhost/tisktask/default",
        "FROM tisktask/default:latest",
        "FROM localhost/tisktask-test:busybox",
        "FROM docker:24-cli",
        "FROM docker://docker.io/library/debian:12",
        "FROM debian:12@sha256:" + "0" * 64,
        "FROM localhost:5000/tisktask/one",
        "FROM debian:$TARGETARCH",
        "ARG V\nFROM debian:${V:-12}$V",
        "FROM debian AS abc\nFROM abc\nCOPY --from=0 / /\nCOPY --from=abc / /",
        "FROM debian AS b\nFROM debian\nRUN --mount=type=bind,from=b,target=/x --network=none make $HOME",
        "FROM debian\nRUN python3 <<EOF\nfrom os import path\nfrom . import names\nEOF",
        "FROM scratch",
        "",
    ],
)
def test_all_else_is(text: str) -> None:
    assert forbidden(text) == ""


def test_a_name_of_many_references_takes_no_time() -> None:
    assert forbidden("FROM " + "${A:-" * 100_000 + "}" * 100_000)


async def test_what_is_not_allowed_is_not_built_and_podman_is_not_even_asked(tmp_path: Path) -> None:
    text = f"FROM debian\nCOPY --from={PRIVATE} / /\n"
    plan = plan_build(Listing("0" * 40, (), {PATH: text}), PATH, "linux/amd64")
    outcome = await ensure_image(
        BuildHost(tmp_path, podman="podman-is-not-here"), BuildOrder(plan, tmp_path, tmp_path / "log")
    )
    assert outcome == BuildFailed(forbidden(text))
