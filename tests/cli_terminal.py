"""A terminal of a user of this machine, for tests of the command line."""

import json
import subprocess
from pathlib import Path
from typing import Any

from stack import COMMAND, Stack

Done = subprocess.CompletedProcess[str]


class Terminal:
    """Runs commands as a user of this machine does."""

    def __init__(self, stack: Stack, environment: dict[str, str], folder: Path) -> None:
        self.stack = stack
        self.environment = environment
        self.folder = folder

    def run(self, *arguments: object, code: int = 0, **environment: str) -> Done:
        command = [COMMAND, *map(str, arguments)]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=self.folder,
            env=self.environment | {"TISKTASK_DATA_DIR": str(self.stack.data)} | environment,
        )
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def json(self, *arguments: object, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code).stdout)
