"""The default job image's root file system."""

import io
import tarfile
from pathlib import Path

from tisktask_runner.image.default_archive import Parts, find_parts, pack, write_default_archive

PARTS = Parts(b"program", ("cat", "env", "sh"), b"certificates")


def members(archive: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {member.name: member for member in tar.getmembers()}


def test_it_holds_what_scripts_rely_on() -> None:
    found = members(pack(PARTS))
    assert found["bin/sh"].linkname == "busybox"
    assert found["usr/bin/env"].linkname == "/bin/env"
    assert found["bin/busybox"].mode == 0o755
    assert found["tmp"].mode == 0o1777
    assert {"etc/passwd", "etc/group", "etc/ssl/certs/ca-certificates.crt", "workspace", "root"} <= set(found)


def test_the_same_parts_make_the_same_bytes() -> None:
    assert pack(PARTS) == pack(PARTS)
    assert all(member.mtime == member.uid == member.gid == 0 for member in members(pack(PARTS)).values())


def test_folders_come_before_what_is_in_them() -> None:
    names = list(members(pack(PARTS)))
    assert all("/" not in name or name.rpartition("/")[0] in names[:index] for index, name in enumerate(names))


def test_this_hosts_busybox_makes_an_archive_twice_the_same(tmp_path: Path) -> None:
    digests = {write_default_archive(tmp_path / name / "a.tar") for name in ("one", "two")}
    assert len(digests) == 1
    assert {"sh", "env", "ls"} <= set(find_parts().applets)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.tar", "a.tar", "one", "two"]
