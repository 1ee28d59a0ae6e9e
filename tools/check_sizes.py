"""Refuses files over 300 lines, functions over 40 and file names that say nothing. Run by `make check`."""

import ast
import subprocess
import sys
from pathlib import Path

FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 40
#: Tests tell stories; a scenario may be longer than a function of the product.
TEST_FUNCTION_LINES_MAX = 80
VAGUE_NAMES = {"util", "utils", "helper", "helpers", "misc", "base", "manager", "core", "common"}


def main() -> int:
    """Check every Python, JavaScript, C and shell file that git knows; print what is wrong."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], check=True, capture_output=True, text=True
    )
    paths = [Path(name) for name in listing.stdout.splitlines()]
    complaints = [line for path in paths if path.is_file() for line in check(path)]
    print("\n".join(complaints) if complaints else f"sizes and names: {len(paths)} files are fine")
    return 1 if complaints else 0


def check(path: Path) -> list[str]:
    """List what is wrong with one file."""
    if path.suffix not in {".py", ".js", ".css", ".sh", ".c", ".h"} or "vendor" in path.parts:
        return []
    text = path.read_text()
    complaints: list[str] = []
    if (lines := text.count("\n")) > FILE_LINES_MAX:
        complaints.append(f"{path}: {lines} lines, more than {FILE_LINES_MAX}: more than one room in one file?")
    if path.stem in VAGUE_NAMES:
        complaints.append(f"{path}: a name that says nothing")
    if path.suffix == ".py":
        complaints += check_functions(path, text)
    return complaints


def check_functions(path: Path, text: str) -> list[str]:
    """List the functions that are too long; the docstring does not count."""
    limit = TEST_FUNCTION_LINES_MAX if path.parts[0] == "tests" else FUNCTION_LINES_MAX
    complaints: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            start = node.body[1].lineno if ast.get_docstring(node) and len(node.body) > 1 else node.lineno
            length = (node.end_lineno or start) - start + 1
            if length > limit:
                complaints.append(f"{path}:{node.lineno}: {node.name} has {length} lines, more than {limit}")
    return complaints


if __name__ == "__main__":
    sys.exit(main())
