"""The smallest image for tests: Debian's static busybox (package busybox-static) and a few files."""

import io
import subprocess
import tarfile

BUSYBOX = "/bin/busybox"


def busybox_tar() -> bytes:
    """A root file system with nothing but a static busybox."""
    applets = subprocess.run([BUSYBOX, "--list"], check=True, capture_output=True, text=True).stdout.split()
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        tar.add(BUSYBOX, "bin/busybox")
        for applet in [name for name in applets if name != "busybox"]:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        env = tarfile.TarInfo("usr/bin/env")
        env.type, env.linkname = tarfile.SYMTYPE, "/bin/busybox"
        tar.addfile(env)
        for folder, mode in (
            ("tmp", 0o1777),
            ("etc", 0o755),
            ("workspace", 0o755),
            ("srv/place", 0o777),
            ("root", 0o700),
        ):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            tar.addfile(entry)
        files = {
            "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/tmp:/bin/sh\n",
            "etc/group": "root:x:0:\nuser:x:1000:\n",
            "srv/place/data": "not a program\n",
            "srv/place/program": "#!/bin/sh\necho from the image\n",
        }
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o755 if text.startswith("#!") else 0o644
            tar.addfile(entry, io.BytesIO(text.encode()))
    return data.getvalue()
