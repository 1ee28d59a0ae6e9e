"""Under which account PostgreSQL runs: it refuses root, so root gives it another one."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tisktask_cli.errors import CommandError

SYSTEM_USER = "tisktask-postgres"
#: What the kernel shows in a namespace for everybody who has no number there.
_OVERFLOW_ID = 65534


@dataclass(frozen=True)
class Account:
    """Words before a command that make it run under the account; the account's name if it is another user's."""

    prefix: tuple[str, ...] = ()
    system_user: str | None = None

    def own(self, folder: Path) -> None:
        """Make a private folder of the account's own."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.system_user:
            shutil.chown(folder, self.system_user, self.system_user)

    def let_through(self, *folders: Path) -> None:
        """Let another account pass through folders of ours to its own; it can not list them."""
        if self.system_user:
            for folder in folders:
                folder.chmod(0o711)

    def require_reachable(self, folder: Path) -> None:
        if not _works((*self.prefix, "test", "-x", str(folder), "-a")):
            raise CommandError(
                f"PostgreSQL runs as {self.system_user}, who can not reach {folder}: choose a data directory in a"
                " folder that others may enter, or run `tisktask up` as another user than root"
            )


def choose_account(programs: Path) -> Account:
    if os.geteuid() != 0:
        return Account()
    namespace = _namespace()
    if namespace and _works(namespace):
        return Account(namespace)
    return _system_account(programs)


def _namespace() -> tuple[str, ...] | None:
    """Make words for a user namespace in which our own account has another number, one that has a name (initdb asks).

    The files stay ours, and folders that only we can enter stay reachable.
    """
    others = [entry for entry in pwd.getpwall() if entry.pw_uid not in {0, _OVERFLOW_ID}]
    if not others:
        return None
    other = min(others, key=lambda entry: entry.pw_uid)
    return ("unshare", "--user", f"--map-user={other.pw_uid}", f"--map-group={other.pw_gid}", "--")


def _system_account(programs: Path) -> Account:
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--user-group", SYSTEM_USER]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise CommandError(
                f"PostgreSQL does not run as root, user namespaces are not allowed here, and the user {SYSTEM_USER} can"
                f" not be made ({made.stderr.strip()}): run `tisktask up` as another user than root"
            ) from None
    prefix = ("setpriv", f"--reuid={SYSTEM_USER}", f"--regid={SYSTEM_USER}", "--clear-groups", "--")
    if not _works((*prefix, "test", "-x", str(programs / "postgres"), "-a")):
        raise CommandError(
            f"PostgreSQL does not run as root, and the user {SYSTEM_USER} can not reach {programs}: install Tisktask"
            " in a folder that others may enter, or run `tisktask up` as another user than root"
        )
    return Account(prefix, SYSTEM_USER)


def _works(prefix: tuple[str, ...]) -> bool:
    try:
        return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
