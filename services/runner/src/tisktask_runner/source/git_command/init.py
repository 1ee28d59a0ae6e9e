"""Makes an empty mirror in the SHA-256 format."""

from pathlib import Path

from tisktask_runner.source.git_command.process import GitOrder, run_git

#: Files are written as they are in the commit, whatever its attributes ask for: as libgit2 does from a bare repository.
_ATTRIBUTES = "* -text -eol -ident -filter -working-tree-encoding\n"


def init_mirror(path: Path) -> None:
    path.mkdir(parents=True)
    run_git(GitOrder(("init", "--bare", "--quiet", "--template=", "--object-format=sha256"), path), lambda _: None)
    (path / "info").mkdir(exist_ok=True)
    (path / "info" / "attributes").write_text(_ATTRIBUTES)
