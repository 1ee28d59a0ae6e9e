"""Keeps tokens of forges out of texts: a second net, where whoever wrote a text should not have had one."""

import re

#: GitHub's tokens of all kinds; Apps' have been longer, and with dots, since 2026.
_TOKENS = re.compile(r"(?:gh[psour]_|github_pat_)[A-Za-z0-9._-]{36,}")


def hide_tokens(text: str) -> str:
    """Replace what looks like a token.

    >>> hide_tokens("Authorization: ghs_" + 20 * "ab.-" + " was refused")
    'Authorization: [token] was refused'
    """
    return _TOKENS.sub("[token]", text)
