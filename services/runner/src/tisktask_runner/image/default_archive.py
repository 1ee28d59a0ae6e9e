"""Makes the root file system of the default job image from a static busybox: the same bytes from the same parts."""

import hashlib
import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import certifi

from tisktask_runner.image import words

FOLDERS = ("bin", "dev", "etc", "etc/ssl", "etc/ssl/certs", "home", "proc", "root", "run", "sbin", "sys", "tmp", "usr")
FOLDERS_BELOW = ("usr/bin", "usr/sbin", "usr/share", "var", "var/tmp", "workspace")
OPEN_TO_ALL = frozenset({"tmp", "var/tmp"})
TEXTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/os-release": 'NAME="Tisktask default job image"\nID=tisktask\n',
    "etc/profile": "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
}
#: Where programs are asked for by their whole path.
ELSEWHERE = {"usr/bin/env": "env"}
#: These would reach out of a job, or promise what is not there.
LEFT_OUT = frozenset({"busybox", "init", "linuxrc", "reboot", "poweroff", "halt", "login", "getty", "su", "passwd"})


class PartMissingError(Exception):
    """The host lacks what the image is made of; the message is for the user."""


@dataclass(frozen=True)
class Parts:
    """What the image is made of."""

    busybox: bytes
    applets: tuple[str, ...]
    certificates: bytes


def write_default_archive(archive: Path) -> str:
    """Make the archive and return its SHA-256; it appears whole or not at all."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    new = archive.with_name(f"{archive.name}.new-{uuid4().hex}")
    content = pack(find_parts())
    try:
        new.write_bytes(content)
        new.replace(archive)
    finally:
        new.unlink(missing_ok=True)
    return hashlib.sha256(content).hexdigest()


def find_parts() -> Parts:
    """Take busybox from this host and the certificate authorities from Python's certifi."""
    path = shutil.which("busybox")
    if path is None:
        raise PartMissingError(words.busybox_missing())
    content = Path(path).read_bytes()
    # A dynamically linked program names its loader.
    if b"/ld-linux" in content or b"/ld-musl" in content:
        raise PartMissingError(words.busybox_missing())
    listing = subprocess.run([path, "--list"], check=True, capture_output=True, text=True, timeout=30).stdout
    applets = tuple(sorted(set(listing.split()) - LEFT_OUT))
    return Parts(content, applets, Path(certifi.where()).read_bytes())


def pack(parts: Parts) -> bytes:
    """Write the archive: sorted, without times and owners of this host."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member, content in sorted(_members(parts), key=lambda pair: pair[0].name):
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _members(parts: Parts) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    for name in (*FOLDERS, *FOLDERS_BELOW):
        yield _member(name, tarfile.DIRTYPE, 0o1777 if name in OPEN_TO_ALL else 0o755), b""
    files = {name: text.encode() for name, text in TEXTS.items()}
    files["etc/ssl/certs/ca-certificates.crt"] = parts.certificates
    for name, content in files.items():
        yield _member(name, tarfile.REGTYPE, 0o644, size=len(content)), content
    yield _member("bin/busybox", tarfile.REGTYPE, 0o755, size=len(parts.busybox)), parts.busybox
    for applet in parts.applets:
        yield _member(f"bin/{applet}", tarfile.SYMTYPE, 0o777, target="busybox"), b""
    for name, applet in ELSEWHERE.items():
        if applet in parts.applets:
            yield _member(name, tarfile.SYMTYPE, 0o777, target=f"/bin/{applet}"), b""


def _member(name: str, kind: bytes, mode: int, *, size: int = 0, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.size, member.linkname = kind, mode, size, target
    return member
