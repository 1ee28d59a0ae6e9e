"""The environment's proxies (`HTTPS_PROXY`, `NO_PROXY`, ...).

Not aiohttp's `trust_env`: with it a line in ~/.netrc for the forge's host makes every request with a token fail.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.request import getproxies_environment, proxy_bypass

from yarl import URL


@dataclass(frozen=True)
class Proxies:
    """Address of the proxy by scheme; hosts in `NO_PROXY` are reached without."""

    by_scheme: Mapping[str, str]

    @classmethod
    def of_environment(cls) -> "Proxies":
        return cls(getproxies_environment())

    def address(self, url: str) -> str | None:
        target = URL(url, encoded=True)
        if proxy_bypass(target.host or ""):
            return None
        return self.by_scheme.get(target.scheme)
