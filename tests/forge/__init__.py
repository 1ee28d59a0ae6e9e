"""A model of GitHub, Forgejo and Gitea: their state and rules, served over real HTTP, for tests.

forge = await Forge.start(Flavour.GITHUB)
repository = forge.state.add_repository("me/app", commits=[SHA])
token = forge.state.add_token("robot")
... the reporter posts to forge.api_url with token.value ...
forge.state.shown("me/app", SHA)["tisktask/push"].state
forge.check(); await forge.stop()
"""

from forge.background import BackgroundForge
from forge.faults import Drop, Hang, RateLimit
from forge.rules import Reply
from forge.server import Forge
from forge.state import Flavour, ForgeState, Hook, HookDelivery, Pull, Repository, Rights, Status, Token

__all__ = [
    "BackgroundForge",
    "Drop",
    "Flavour",
    "Forge",
    "ForgeState",
    "Hang",
    "Hook",
    "HookDelivery",
    "Pull",
    "RateLimit",
    "Reply",
    "Repository",
    "Rights",
    "Status",
    "Token",
]
