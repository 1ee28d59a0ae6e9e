#!/usr/bin/env python3
"""Compiles tisktask-cmd, the program that jobs speak to their socket with: tools/command_client.py [DESTINATION].

Static, so that it runs in any image of this machine's architecture. Quick if nothing has changed: the program bears the
digest of what it was made from. Without DESTINATION it goes where `tisktask up` finds it.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "services" / "runner" / "client"
#: `tisktask_cli.stack.layout` looks for it here.
PLACE = ROOT / ".venv" / "libexec" / "tisktask-cmd"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wmissing-prototypes", "-Werror"]
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-Os", *WARNINGS]
STATIC = ["-static", "-s"]
#: musl makes the smaller program; of glibc the static parts come with libc6-dev.
COMPILERS = ("musl-gcc", "gcc", "cc")


class CompileError(Exception):
    """The program could not be made."""


def main() -> int:
    """Make the program if it is old or missing; say where it is if it was made."""
    place = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else PLACE
    try:
        made_by = make(place)
    except (CompileError, OSError) as error:
        print(f"tisktask-cmd: {error}", file=sys.stderr)
        return 1
    if made_by or len(sys.argv) > 1:
        print(f"tisktask-cmd: {place}{f' (compiled by {made_by})' if made_by else ''}")
    return 0


def make(place: Path) -> str:
    """Compile into a place unless it is there already; the compiler's name, empty if there was nothing to do."""
    digest = source_digest()
    if place.is_file() and digest.encode() in place.read_bytes():
        return ""
    place.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place, since jobs may be running the old one: it is replaced, never written to.
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".tisktask-cmd-") as folder:
        program = Path(folder) / "tisktask-cmd"
        compiler = compile_with_any(digest, program)
        program.chmod(0o755)
        program.replace(place)
    return compiler


def source_digest() -> str:
    files = [file for file in sorted(SOURCE.iterdir()) if file.suffix in {".c", ".h"}]
    parts = [*FLAGS, *STATIC, platform.machine(), *(f"{file.name}\0{file.read_text()}" for file in files)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def compile_with_any(digest: str, program: Path) -> str:
    complaints: list[str] = []
    for compiler in filter(shutil.which, COMPILERS):
        complaint = compile_with(compiler, [*STATIC, f'-DTISKTASK_SOURCE="{digest}"'], program)
        if not complaint:
            return compiler
        complaints.append(f"{compiler}: {complaint}")
    need = "a C compiler that links statically is needed: as root, apt-get install musl-tools (or gcc libc6-dev)"
    raise CompileError("\n".join(["not compiled: " + need, *complaints]))


def compile_with(compiler: str, more: list[str], program: Path) -> str:
    """Compile, and see whether it runs; what is wrong, or nothing."""
    command = [compiler, *FLAGS, *more, "-o", program, *sorted(SOURCE.glob("*.c"))]
    environment = os.environ | {"LC_ALL": "C"}
    for step in (command, [program, "--version"]):
        result = subprocess.run(step, capture_output=True, text=True, check=False, env=environment)
        if result.returncode != 0:
            return f"exit code {result.returncode}: {result.stderr.strip()[-2000:]}"
    return ""


if __name__ == "__main__":
    sys.exit(main())
