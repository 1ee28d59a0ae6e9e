"""What users read about how forges are told of runs."""


def no_apps_there(forge: str) -> str:
    return f"only GitHub has Apps: the repository is on {forge}"


def app_without_key() -> str:
    return "an App is given with its id and its private key, or taken away with neither"


def wrong_app_id() -> str:
    return "app_id must be the App's number or client id, as its settings page on GitHub shows it"


def unknown_repository(repository: str) -> str:
    return f"there is no repository {repository}"


def no_token_yet(reason: str) -> str:
    return f"no token to fetch with can be had from the App at the moment: {reason}"
