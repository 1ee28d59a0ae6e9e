"""Stand-ins for official images, made without a registry: Debian with Python from debootstrap.

What is slow is cached outside the checkout under the hash of its recipe, and made again when it is not there.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PACKAGES = "ca-certificates,python3,python3-venv"
SUITE = "bookworm"
#: This machine's own certificate authorities: outgoing TLS may end in one of them.
HOST_AUTHORITIES = Path("/usr/local/share/ca-certificates")
CACHE = Path(os.environ.get("TISKTASK_TEST_CACHE", "/var/cache/tisktask-tests"))


def debian_python_archive() -> Path:
    """Give a root file system with python3 and venv as a tar archive; made once per machine (about a minute)."""
    recipe = hashlib.sha256(f"{SUITE} {PACKAGES} 2 {_authorities()}".encode()).hexdigest()[:16]
    archive = CACHE / f"debian-python-{recipe}.tar"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            _make(archive)
    return archive


def _authorities() -> list[tuple[str, int]]:
    if not HOST_AUTHORITIES.is_dir():
        return []
    return sorted((path.name, path.stat().st_size) for path in HOST_AUTHORITIES.rglob("*.crt"))


def _make(archive: Path) -> None:
    folder = Path(tempfile.mkdtemp(dir=CACHE))
    try:
        root = folder / "root"
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, root]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        if HOST_AUTHORITIES.is_dir():
            shutil.copytree(HOST_AUTHORITIES, root / "usr/local/share/ca-certificates", dirs_exist_ok=True)
            subprocess.run(["chroot", root, "update-ca-certificates"], check=True, capture_output=True)
        # As in the official image, `pip install` puts packages below /usr/local, where python3 finds them.
        subprocess.run(["chroot", root, "python3", "-m", "venv", "/usr/local"], check=True, capture_output=True)
        shutil.rmtree(root / "var/cache/apt", ignore_errors=True)
        shutil.rmtree(root / "var/lib/apt/lists", ignore_errors=True)
        partial = folder / "partial.tar"
        subprocess.run(["tar", "--numeric-owner", "--exclude=./dev/*", "-C", root, "-cf", partial, "."], check=True)
        partial.rename(archive)
    finally:
        shutil.rmtree(folder)
