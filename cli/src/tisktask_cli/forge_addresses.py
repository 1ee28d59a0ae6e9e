"""What the address of a repository tells about its forge: name, kind, address of the API."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit, urlunsplit

from tisktask_cli.errors import CommandError, Exit

FORGES = ("github", "forgejo", "gitea")
_KNOWN_HOSTS = {"github.com": "github", "codeberg.org": "forgejo", "gitea.com": "gitea"}
_SCP = re.compile(r"^(?:[^@/]+@)?(?P<host>[^:/]+):(?P<path>[^/].*)$")


@dataclass(frozen=True)
class ForgeRepository:
    """A repository on a forge."""

    forge: str
    full_name: str
    clone_url: str
    api_url: str


def read_address(url: str, forge: str | None, name: str | None, api_url: str | None) -> ForgeRepository:
    """Complete an address; what the user has said goes before what it looks like."""
    parts = _check(url)
    kind = forge or _KNOWN_HOSTS.get(parts.hostname or "")
    if kind is None:
        raise CommandError(f"say with --forge what {parts.hostname} is: {', '.join(FORGES)}", Exit.USAGE)
    _, full_name = _split_path(parts.path)
    if not (name or full_name):
        raise CommandError(f"{url} does not end with owner/name: give it with --name", Exit.USAGE)
    default_api = _api_url(kind, parts.hostname or "", root_of(url, name))
    return ForgeRepository(kind, name or full_name, urlunsplit(parts), default_api if api_url is None else api_url)


def root_of(url: str, name: str | None) -> str:
    """Say where the forge itself is: what comes before owner/name."""
    parts = _check(url)
    path, full_name = _split_path(parts.path)
    if not (name or full_name):
        raise CommandError(f"{url} does not end with owner/name: give it with --name", Exit.USAGE)
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def split_owner(url: str) -> tuple[str, str]:
    """Split the address of an organisation or a person into the forge's own and the name."""
    parts = _check(url)
    path, _, owner = parts.path.rstrip("/").rpartition("/")
    if not owner:
        raise CommandError(f"{url} names nobody: give https://forge/OWNER", Exit.USAGE)
    return urlunsplit((parts.scheme, parts.netloc, path, "", "")), owner


def known_kind(root_url: str) -> str | None:
    """Name the forge of a host that everybody knows."""
    return _KNOWN_HOSTS.get(urlsplit(root_url).hostname or "")


def _check(url: str) -> SplitResult:
    if scp := _SCP.match(url):
        # The short form of ssh: what Tisktask fetches with a token is https.
        url = f"https://{scp['host']}/{scp['path']}"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise CommandError(f"the address can not be read: {error}", Exit.USAGE) from error
    is_http = parts.scheme in {"http", "https"}
    # Before a message repeats the address.
    if parts.password or (is_http and parts.username):
        raise CommandError("a token does not belong in the address: put it in a file and give --token-file", Exit.USAGE)
    if not is_http or not parts.hostname:
        raise CommandError(f"{url}: give the address for cloning, https://forge/owner/name.git", Exit.USAGE)
    return parts


def is_local(url: str) -> bool:
    return url.startswith(("/", "./", "../", "~")) or url in {".", ".."} or (":" not in url and Path(url).is_dir())


def webhook_hint(forge: str, webhook_url: str) -> str:
    """Tell how to set the webhook up on the forge."""
    if forge == "github":
        return f"""\
On GitHub: Settings > Webhooks > Add webhook
  Payload URL    {webhook_url}
  Content type   application/json
  Secret         the webhook secret
  Events         Pushes, Pull requests; more if there are folders for them in .tisktask/"""
    return f"""\
On {forge.capitalize()}: Settings > Webhooks > Add webhook > {forge.capitalize()}
  Target URL     {webhook_url}
  Method         POST, application/json
  Secret         the webhook secret
  Trigger on     Push and Pull request events; more if there are folders for them in .tisktask/"""


def _split_path(path: str) -> tuple[str, str]:
    """Split a path into what is before owner/name, and that."""
    steps = path.strip("/").removesuffix(".git").split("/")
    if len(steps) < 2 or not all(steps):
        return "", ""
    before = "/".join(steps[:-2])
    return f"/{before}" if before else "", "/".join(steps[-2:])


def _api_url(forge: str, host: str, root: str) -> str:
    if forge != "github":
        return f"{root}/api/v1"
    return "https://api.github.com" if host == "github.com" else f"{root}/api/v3"
