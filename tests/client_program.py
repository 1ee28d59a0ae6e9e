"""tisktask-cmd, compiled for tests."""

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "services" / "runner" / "client"
SANITIZED = ["-std=c11", "-D_GNU_SOURCE", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def compiled_client(folder: Path) -> Path:
    """Compile it as set-up does, into a folder of the test's."""
    program = folder / "tisktask-cmd"
    command = [sys.executable, ROOT / "tools" / "command_client.py", program]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return program


def sanitized_client(folder: Path) -> Path | None:
    """Compile it with checks of every access; None if the compiler has none."""
    return compile_sanitized(folder / "tisktask-cmd-sanitized", sorted(SOURCE.glob("*.c")))


def compile_sanitized(program: Path, sources: list[Path]) -> Path | None:
    command = ["gcc", *SANITIZED, f"-I{SOURCE}", "-o", program, *sources]
    try:
        result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        return None
    if result.returncode != 0:
        # Missing sanitizers are told by the linker; anything else is a mistake of ours.
        assert "cannot find" in result.stderr, result.stderr
        return None
    return program


@dataclass(frozen=True)
class ClientRun:
    """How a call of the client has ended."""

    status: int
    output: bytes
    errors: str


@dataclass(frozen=True)
class Client:
    """Calls the program as a job does."""

    program: Path
    socket_path: Path
    retry_seconds: int = 10

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "TISKTASK_SOCKET_PATH": str(self.socket_path),
            "TISKTASK_CMD_RETRY_SECONDS": str(self.retry_seconds),
        }

    def __call__(self, *words: str, given: bytes = b"") -> ClientRun:
        command = [self.program, *words]
        done = subprocess.run(
            command, input=given, capture_output=True, env=self.environment(), timeout=30, check=False
        )
        return ClientRun(done.returncode, done.stdout, done.stderr.decode())

    async def call(self, *words: str) -> ClientRun:
        """The same beside other work."""
        return await asyncio.to_thread(self, *words)
