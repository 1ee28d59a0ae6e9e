"""Where a forge shows the files of a commit."""

from urllib.parse import quote, urlsplit

from tisktask_logstream.rows import RepositoryRecord

_FOLDERS = {"github": "blob/{sha}/", "forgejo": "src/commit/{sha}/", "gitea": "src/commit/{sha}/"}


def source_url(repository: RepositoryRecord, sha: str) -> str:
    """Address the files of a commit, ending in a slash; empty where no browser gets to."""
    parts = urlsplit(repository.clone_url)
    folder = _FOLDERS.get(repository.forge)
    # What is before an @ is nobody's business.
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme not in {"http", "https"} or not host or folder is None:
        return ""
    path = parts.path.rstrip("/").removesuffix(".git")
    return f"{parts.scheme}://{host}{quote(path)}/{folder.format(sha=quote(sha))}"


def source_page(base: str, file: str | None, line: int | None) -> str:
    """Address a file at a line; empty if the name is none that could be there."""
    segments = (file or "").removeprefix("./").split("/")
    if not base or not all(segments) or {".", ".."} & set(segments):
        return ""
    return base + "/".join(quote(segment, safe="") for segment in segments) + (f"#L{line}" if line else "")
