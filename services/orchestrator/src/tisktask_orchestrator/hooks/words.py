"""What users read about webhooks."""


def unknown_repository(repository: str) -> str:
    return f"there is no repository {repository}"


def no_forge(full_name: str) -> str:
    return f"{full_name} is a local repository: it has no webhook"


def in_hand(full_name: str) -> str:
    return f"the webhook of {full_name} is being set up at this moment: try again in a minute"


def no_secret_yet() -> str:
    return "there is no webhook secret yet: set the webhook up first, with `tisktask repo add`"


def no_hook_yet() -> str:
    return "no webhook is known at the forge: set it up first, with `tisktask repo add`"


def hook_by_hand() -> str:
    return "if a webhook was made for it by hand, delete it at the forge"


def hook_left(url: str, problem: str) -> str:
    return f"its webhook to {url} could not be deleted ({problem}): if it is still at the forge, delete it there"


def unreadable_secret() -> str:
    return "sealed_secret is not sealed for the orchestrator's public key"
