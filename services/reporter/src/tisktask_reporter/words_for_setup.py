"""What people read when a repository is set up: what a token lacks, what is wrong with a webhook, what to do."""

from tisktask_reporter.words import fit as _fit

MESSAGE_CHARACTERS_MAX = 200

REPOSITORY = "the repository"
WEBHOOKS = "its webhooks"
RIGHTS = "what the token may do"
LIST = "the repositories of the token"

HOOK_INACTIVE = "it is switched off"
TLS_NOT_CHECKED = "the forge does not check our certificate"
APP_HAS_ITS_OWN = (
    "a GitHub App speaks for this repository: its deliveries come from the App's own webhook, set up on the App's page"
)
NO_ADDRESS = (
    "nobody has said where the forge reaches Tisktask: give --webhook-url https://ci.example.org "
    "(in the API `webhook_url`), or set TISKTASK_WEBHOOK_URL of the reporter"
)
HOOK_GONE = "the webhook is not there any more: set it up again with `tisktask repo add`"
INVALID_ROOT = "the address of the forge must begin with https:// or http:// and hold no password"
NOT_RECOGNISED = (
    "neither GitHub's, nor Forgejo's, nor Gitea's API answers there: "
    "say what it is with --forge and, if it lies elsewhere, where with --api-url"
)
NEEDS_TOKEN = (
    "it tells nothing without a token that it knows: give one with --token-file, or say with --forge what it is"  # noqa: S105
)

#: For each right: what a fine-grained token of GitHub or an App needs, what a classic one, what Forgejo and Gitea want.
_NEEDS = {
    "read_code": ("Contents: read", "repo (of a public repository none)", "read:repository"),
    "post_statuses": (
        "Commit statuses: read and write",
        "repo:status or repo",
        "write:repository, of somebody who may write to the repository",
    ),
    "read_webhooks": (
        "Webhooks: read",
        "admin:repo_hook or repo, of an administrator of the repository",
        "read:repository, of an administrator of the repository",
    ),
    "write_webhooks": (
        "Webhooks: read and write",
        "admin:repo_hook or repo, of an administrator of the repository",
        "write:repository, of an administrator of the repository",
    ),
    "read_permissions": (
        "Metadata: read, of somebody who may write to the repository",
        "repo, of somebody who may write to the repository",
        "read:repository, of an administrator, and not limited to single repositories",
    ),
}


def fit(text: str, characters_max: int) -> str:
    return _fit(text, characters_max)


def needs(right: str, *, is_github: bool, is_classic: bool) -> str:
    """Say what to give a token for a right."""
    fine, classic, gitea = _NEEDS[right]
    if not is_github:
        return f"it needs the scope {gitea}"
    return f"it needs the scope {classic}" if is_classic else f"it needs the permission {fine}"


def lacks(needed: str, status: int, message: str) -> str:
    said = f": {fit(message, MESSAGE_CHARACTERS_MAX)}" if message else ""
    return f"{needed} (the forge answered {status}{said})"


def no_such_repository(full_name: str, status: int, message: str) -> str:
    said = f": {fit(message, MESSAGE_CHARACTERS_MAX)}" if message else ""
    return (
        f"the forge shows this token no repository {full_name} ({status}{said}): "
        "is the name right, and may the token's owner read it?"
    )


def unclear(status: int) -> str:
    return f"the forge answered {status}, which tells nothing"


NOT_ASKED = "there is nobody whose permission could be asked for: it shows when the first comment command comes"


def leads_elsewhere(url: str) -> str:
    return f"it leads to {fit(url, 200)}"


def wrong_content_type(content_type: str) -> str:
    return f"its content type is {fit(content_type, 40) or 'not set'}, not application/json"


def events_missing(events: list[str]) -> str:
    return f"it does not tell of {', '.join(events)}"


def branch_filter(pattern: str | None) -> str:
    return f"its branch filter {fit(pattern or '', 100)} keeps pushes of other branches back"


def duplicate(hook_id: int) -> str:
    return f"there was another with the same address (number {hook_id}): every push came twice"


SECRET_TOLD = "its secret was set anew"  # noqa: S105 - no secret


def hook_not_taken(status: int, message: str) -> str:
    return (
        f"the forge did not take the webhook ({status}{f': {fit(message, MESSAGE_CHARACTERS_MAX)}' if message else ''})"
    )


def too_many_hooks(count: int) -> str:
    return f"the repository has more than {count} webhooks, and ours may be among the others: remove what nobody needs"


def not_reached(reason: str) -> str:
    return f"the forge could not be asked: {reason}"
