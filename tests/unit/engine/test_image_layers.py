"""Finding files in layers that lie over each other, links and deletions included."""

import os
from pathlib import Path

import pytest

from tisktask_runner.engine.images import exists_in_layers, overlay_layers


@pytest.fixture
def layers(tmp_path: Path) -> list[Path]:
    """Uppermost first."""
    made = [tmp_path / name for name in ("top", "middle", "bottom")]
    for layer in made:
        layer.mkdir()
    return made


def write(layer: Path, path: str) -> None:
    (layer / path).parent.mkdir(parents=True, exist_ok=True)
    (layer / path).write_text("x")


def link(layer: Path, path: str, target: str) -> None:
    (layer / path).parent.mkdir(parents=True, exist_ok=True)
    (layer / path).symlink_to(target)


def test_a_file_of_any_layer_is_there(layers: list[Path]) -> None:
    write(layers[0], "a/top")
    write(layers[2], "a/bottom")
    assert exists_in_layers(layers, "/a/top")
    assert exists_in_layers(layers, "/a/bottom")
    assert exists_in_layers(layers, "/a/../a/./bottom")
    assert not exists_in_layers(layers, "/a/none")
    assert not exists_in_layers(layers, "/a/top/deeper")


def test_links_are_followed_inside_the_image_only(layers: list[Path]) -> None:
    write(layers[2], "usr/bin/program")
    link(layers[1], "bin", "usr/bin")
    link(layers[0], "opt/absolute", "/bin/program")
    link(layers[0], "opt/up", "../../../bin/program")
    link(layers[0], "opt/loop", "loop")
    assert exists_in_layers(layers, "/bin/program")
    assert exists_in_layers(layers, "/opt/absolute")
    assert exists_in_layers(layers, "/opt/up")
    assert not exists_in_layers(layers, "/opt/loop")
    link(layers[0], "opt/host", "/" + "etc/hostname")
    assert not exists_in_layers(layers, "/opt/host")


def test_what_an_upper_layer_deleted_is_gone(layers: list[Path]) -> None:
    write(layers[2], "a/deleted")
    write(layers[2], "a/kept")
    write(layers[1], "a/.wh.deleted")
    assert not exists_in_layers(layers, "/a/deleted")
    assert exists_in_layers(layers, "/a/kept")
    write(layers[0], "a/deleted")
    assert exists_in_layers(layers, "/a/deleted")


def test_a_folder_that_was_replaced_hides_what_it_had(layers: list[Path]) -> None:
    write(layers[2], "a/b/old")
    write(layers[1], "a/.wh..wh..opq")
    write(layers[1], "a/b/new")
    assert exists_in_layers(layers, "/a/b/new")
    assert not exists_in_layers(layers, "/a/b/old")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make devices and trusted attributes")
def test_the_kernels_own_marks_are_understood(layers: list[Path]) -> None:
    write(layers[2], "a/deleted")
    write(layers[2], "c/old")
    (layers[1] / "a").mkdir()
    try:
        os.mknod(layers[1] / "a" / "deleted", 0o20000 | 0o600, os.makedev(0, 0))
    except PermissionError:
        pytest.skip("no right to make devices")
    assert not exists_in_layers(layers, "/a/deleted")
    (layers[1] / "c").mkdir()
    os.setxattr(layers[1] / "c", "trusted.overlay.opaque", b"y")
    assert not exists_in_layers(layers, "/c/old")


def test_layers_are_those_that_can_be_seen(tmp_path: Path) -> None:
    upper, lower = tmp_path / "u", tmp_path / "l"
    upper.mkdir()
    lower.mkdir()
    data = {"UpperDir": str(upper), "LowerDir": f"{lower}"}
    assert overlay_layers({"GraphDriver": {"Name": "overlay", "Data": data}}) == [upper, lower]
    assert overlay_layers({"GraphDriver": {"Name": "vfs", "Data": data}}) == []
    lower.rmdir()
    assert overlay_layers({"GraphDriver": {"Name": "overlay", "Data": data}}) == []
