"""What the refs of a repository stand at, listed by git."""

from collections.abc import Iterator

from tisktask_runner.source.git_command.transfer import Transfer, run_transfer
from tisktask_runner.source.reading import ListedRef, Source
from tisktask_runner.source.transfer import TransferBudget

_SYMREF = "ref: "


def list_heads_by_git(source: Source, budget: TransferBudget) -> list[ListedRef]:
    """Ask once."""
    arguments = ("ls-remote", "--quiet", "--symref", "--", source.clone_url)
    return list(_read(run_transfer(Transfer(source.clone_url, source.token, arguments), budget)))


def _read(said: str) -> Iterator[ListedRef]:
    """A line `ref: refs/heads/main<TAB>HEAD` comes before the line of HEAD itself."""
    targets: dict[str, str] = {}
    for line in said.split("\n"):
        value, _, name = line.partition("\t")
        if value.startswith(_SYMREF):
            targets[name] = value.removeprefix(_SYMREF)
        elif name:
            yield ListedRef(name, value, targets.get(name))
