"""Every sentence about the source of a run that a user reads."""

from collections.abc import Sequence

SHOWN_MAX = 5


def commit_gone(sha: str, full_name: str) -> str:
    return (
        f"Commit {sha[:12]} is not in {full_name} any more: its branch was force-pushed or deleted after the event. "
        "Nothing can be run for it; a newer push starts a run of its own."
    )


def not_a_commit(sha: str, full_name: str) -> str:
    return f"Object {sha[:12]} of {full_name} is not a commit, so there is nothing to check out."


def repository_not_found(full_name: str, url: str) -> str:
    return (
        f"The forge knows no repository {full_name} at {url}. If it was moved, add it again with its new address; "
        "if it is private, give Tisktask a token that may read it."
    )


def no_local_repository(path: str) -> str:
    return f"There is no git repository at {path} that the runner can read."


def token_missing(full_name: str) -> str:
    return f"The forge wants a token for {full_name}, and Tisktask has none: add one that may read its contents."


def token_refused(full_name: str) -> str:
    return (
        f"The forge does not accept the token for {full_name}: it is wrong, has expired, "
        "or may not read the repository's contents. Set a new one."
    )


def credentials_in_address() -> str:
    return "The clone address holds a user or password. Add the repository without them, and its token as a token."


def unknown_address(url: str) -> str:
    return (
        f"Can not fetch from {url}: the address must begin with https://, http:// or / (a path on the runner's host)."
    )


def not_a_sha(sha: str) -> str:
    return f"{sha[:80]!r} is not the id of a commit (40 hexadecimal digits, or 64 in the SHA-256 format)."


def other_object_format(full_name: str) -> str:
    return (
        f"{full_name} is kept in another object format than the commit that was asked for: ids have 40 digits in the "
        "SHA-1 format and 64 in SHA-256. If the repository was made anew, push to it again."
    )


def git_missing() -> str:
    return (
        "The repository is in git's SHA-256 format, which is read by the program git, and that is not installed on the "
        "runner's host. Install it (Debian: apt-get install git)."
    )


def moved_elsewhere(full_name: str, host: str) -> str:
    return (
        f"{full_name} redirects to another address ({host}). Tisktask does not follow that, "
        "so that its token stays with the forge: add the repository with its new address."
    )


def tls_refused(host: str) -> str:
    return (
        f"The TLS certificate of {host} is not trusted by the runner's host. If the forge has a certificate authority "
        "of its own, add that to the host's trusted ones, or name its file in SSL_CERT_FILE."
    )


def fetch_too_slow(full_name: str, seconds: float) -> str:
    return f"Fetching {full_name} took longer than {seconds:g} seconds, and was stopped."


def fetch_too_large(full_name: str, bytes_max: int) -> str:
    return f"{full_name} is larger than a fetch may be ({bytes_max / 1e6:g} MB), and was not fetched."


def fetch_stopped(full_name: str) -> str:
    return f"Fetching {full_name} was stopped."


def fetch_failed(full_name: str, tries: int, error: str) -> str:
    return f"Could not fetch {full_name} from its forge ({tries} tries): {error}."


def look_failed(full_name: str, error: str) -> str:
    return f"Could not read the branches and tags of {full_name} from its forge: {error}."


def look_too_slow(full_name: str, seconds: float) -> str:
    return f"Reading the branches and tags of {full_name} took longer than {seconds:g} seconds, and was given up."


def too_many_refs(full_name: str, count: int, most: int) -> str:
    return (
        f"{full_name} has {count} branches and tags; Tisktask looks at {most} at most. "
        "If that many are meant to be there, raise TISKTASK_LOOK_REFS_MAX of the orchestrator."
    )


def lock_not_freed(full_name: str, seconds: float) -> str:
    return f"Another fetch of {full_name} has held its mirror for more than {seconds:g} seconds."


def checkout_failed(error: str) -> str:
    return f"Could not write the commit's files to the job's directory: {error}."


def checkout_too_large(bytes_max: int) -> str:
    return f"The commit's files are larger than a checkout may be ({bytes_max / 1e6:g} MB)."


def checkout_too_slow(seconds: float) -> str:
    return f"Writing the commit's files took longer than {seconds:g} seconds, and was stopped."


def checkout_stopped() -> str:
    return "Writing the commit's files was stopped."


def too_many_files(files_max: int) -> str:
    return f"The commit has more files than Tisktask takes ({files_max})."


def text_too_large(path: str, bytes_max: int) -> str:
    return f"{path} is larger than such a file may be ({bytes_max / 1e6:g} MB), or there are too many like it."


def mirror_unreadable(error: str) -> str:
    return f"The runner's copy of the repository can not be read: {error}."


def too_many_programs(found: int, programs_max: int, folder: str) -> str:
    return f"{folder} holds {found} programs; one run may have {programs_max}. Move what is no job to a sub-folder."


def nothing_to_run(folders: Sequence[str]) -> str:
    places = " or ".join(f"{folder}/" for folder in folders)
    return f"Nothing to run: there is no executable file in {places}."


def not_executable(path: str) -> str:
    return (
        f"{path} begins with #! but is not executable, so it is no job. Fix: git update-index --chmod=+x {_quote(path)}"
    )


def tisktask_is_link() -> str:
    return ".tisktask is a link, and Tisktask does not follow it: there are no jobs. Make it a folder."


def tisktask_is_file() -> str:
    return ".tisktask is a file, so there are no jobs. Make it a folder."


def folder_is_submodule(path: str) -> str:
    return f"{path} is a submodule; Tisktask does not fetch those, so it finds no jobs in it."


def folder_is_link(path: str) -> str:
    return (
        f"{path} is a link to a folder; only links to programs are followed. Make it a folder with a link per program."
    )


def link_leads_nowhere(path: str, target: str) -> str:
    return f"{path} is a link to {target}, which does not exist, so it is no job."


def link_leads_out(path: str, target: str) -> str:
    return f"{path} is a link to {target}, which is outside of .tisktask, so it is no job."


def link_not_executable(path: str, target: str) -> str:
    return f"{path} is a link to {target}, which is not executable, so it is no job."


def name_not_text(path: bytes) -> str:
    return f"The name {path!r} is not UTF-8 text or has control characters, so it is no job. Rename the file."


def more_warnings(count: int) -> str:
    return f"And {count} more warnings of this kind."


def submodules(paths: Sequence[str]) -> str:
    return (
        f"Submodules are not fetched: {_some(paths)} will be empty. "
        "Fetch what you need in the job, with a token of your own."
    )


def lfs_pointers(paths: Sequence[str]) -> str:
    return (
        f"Files in Git LFS are not fetched: {_some(paths)} will be small pointer files. "
        "Fetch what you need in the job, with git lfs pull."
    )


def _some(paths: Sequence[str]) -> str:
    shown = ", ".join(paths[:SHOWN_MAX])
    return shown if len(paths) <= SHOWN_MAX else f"{shown} and {len(paths) - SHOWN_MAX} more"


def _quote(path: str) -> str:
    is_plain = all(character.isalnum() or character in "/._-+" for character in path)
    return path if is_plain else "'" + path.replace("'", "'\\''") + "'"
