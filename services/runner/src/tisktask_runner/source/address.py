"""Which addresses git is asked to speak to."""

from urllib.parse import urlsplit

from tisktask_runner.source import words


def unusable_address(clone_url: str) -> str | None:
    """Say why nothing can be read from an address; None: it is one."""
    parts = urlsplit(clone_url)
    if not (clone_url.startswith("/") or (parts.scheme in {"http", "https"} and parts.hostname)):
        return words.unknown_address(clone_url.rpartition("@")[2])
    if parts.username or parts.password:
        return words.credentials_in_address()
    return None
