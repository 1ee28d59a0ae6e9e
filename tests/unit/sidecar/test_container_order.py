"""What SPAWNCONTAINER's words mean, and what is said about words that mean nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tisktask_runner.jobsocket.command import CommandError
from tisktask_runner.jobsocket.container_order import read_container_order
from tisktask_runner.sidecar.order import Readiness, SidecarOrder, name_after


def read(*words: str) -> SidecarOrder:
    return read_container_order([word.encode() for word in words], "r1")


def test_options_stand_before_between_and_behind() -> None:
    expected = SidecarOrder(
        image="docker.io/library/postgres:16",
        name="db",
        request_id="r1",
        aliases=("db.test", "other"),
        arguments=("postgres", "NAME", "-c", "fsync=off"),
        environment={"POSTGRES_PASSWORD": "a=b", "EMPTY": ""},
        user="999:999",
        memory_bytes=512 * 1024**2,
        readiness=Readiness(5432, "ready", 5),
    )
    image, command = "docker.io/library/postgres:16", ("CMD", "postgres", "NAME", "-c", "fsync=off")
    before = ("NAME", "db", "ALIAS", "db.test", "WAITPORT", "5432", "memory", "512m", "USER", "999:999")
    waits = ("WAITLOG", "ready", "TIMEOUT", "5", "ALIAS", "other")
    variables = ("POSTGRES_PASSWORD=a=b", "EMPTY=")
    assert read(*before, *waits, image, *variables, *command) == expected
    assert read(image, *variables, *before, *waits, *command) == expected
    assert read(*before, image, variables[0], *waits, variables[1], *command) == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "needs an image"),
        (("NAME", "db"), "needs an image"),
        (("redis", "NAME"), "NAME needs a value"),
        (("redis", "NAME", "a", "NAME", "b"), "NAME was given twice"),
        (("redis", "NAME", "a", "X=1", "NAME", "b"), "NAME was given twice"),
        (("redis", "NAME", "Db"), "must look like"),
        (("redis", "NAME", "a.b"), "must look like"),
        (("redis", "NAME", "x" * 33), "must look like"),
        (("redis", "ALIAS", "a b"), "no name of a host"),
        (("redis", "ALIAS", "a\nb"), "no name of a host"),
        (("redis", "sh"), "goes behind CMD"),
        (("redis", "1A=x"), "1A is no name of a variable"),
        (("redis", "CMD"), "CMD needs a value"),
        (("redis", "WAITPORT", "0"), "WAITPORT"),
        (("redis", "WAITPORT", "65536"), "WAITPORT"),
        (("redis", "TIMEOUT", "soon"), "TIMEOUT"),
        (("redis", "MEMORY", "lots"), "no amount"),
        (("redis", "MEMORY", "1"), "the least is 6m"),
        (("redis", "USER", "-x"), "must look like"),
        (("redis", "WAITLOG", ""), "1 to 500"),
        (("redis", "WAITLOG", "x" * 501), "1 to 500"),
        (("--all",), "does not name an image"),
        (("abcdef123456",), "does not name an image"),
        (("sha256:" + "a" * 64,), "does not name an image"),
        (("dir:/etc",), "does not name an image"),
        (("oci:folder",), "does not name an image"),
        (("docker-archive:file",), "does not name an image"),
        (("localhost/tisktask/" + "a" * 40,), "built for a job"),
        (("redis", *(f"V{number}=x" for number in range(257))), "at most 256 variables"),
        (("redis", "V=" + "x" * 131_072), "at most 256 variables"),
        (("redis", "CMD", *["x"] * 257), "at most 256 words"),
        (("redis", *["ALIAS", "a"] * 17), "at most 16 ALIAS"),
    ],
)
def test_what_is_wrong_is_said(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        read(*words)


def test_a_variables_value_is_never_repeated() -> None:
    for words in (("redis", "1BAD=hunter2"), ("redis", "=hunter2"), ("redis", "BAD-\N{SNOWMAN}=hunter2")):
        with pytest.raises(CommandError) as refused:
            read(*words)
        assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(read("redis", "GOOD=hunter2"))


@pytest.mark.parametrize(
    "image",
    [
        "redis",
        "redis:7-alpine",
        "docker.io/library/redis@sha256:" + "0" * 64,
        "registry.test:5000/team/image_a:1.2",
        "localhost/a/b:c",
        "registry.test:5000/x:1@sha256:" + "0" * 64,
    ],
)
def test_names_of_images_are_taken_as_registries_know_them(image: str) -> None:
    assert read(image).image == image


def test_memory_is_read_with_its_unit() -> None:
    sizes = {"8388608": 8388608, "8192k": 8388608, "8m": 8388608, "8M": 8388608, "8MiB": 8388608, "1g": 1 << 30}
    assert {text: read("redis", "MEMORY", text).memory_bytes for text in sizes} == sizes


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("docker.io/library/postgres:16", "postgres"),
        ("registry.test:5000/Team/My.Image@sha256:" + "0" * 64, "my-image"),
        ("x" * 60, "x" * 28),
        ("a/___", "container"),
    ],
)
def test_a_container_is_called_after_its_image(image: str, name: str) -> None:
    assert name_after(image) == name


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_any_words_are_understood_or_refused(words: list[bytes]) -> None:
    try:
        order = read_container_order(words, "r1")
    except CommandError as refused:
        assert refused.failure.message
    else:
        assert order.image


def test_the_same_description_has_the_same_digest_whatever_is_waited_for() -> None:
    one = read("redis", "A=1", "B=2", "ALIAS", "x", "WAITPORT", "1")
    assert one.digest("salt") == read("redis", "B=2", "A=1", "ALIAS", "x").digest("salt")
    others = [("redis:7", "A=1"), ("redis", "A=2", "B=2", "ALIAS", "x"), ("redis", "A=1", "B=2", "ALIAS", "y")]
    assert one.digest("salt") not in {read(*other).digest("salt") for other in others}
    assert one.digest("salt") != one.digest("other")
