"""What `tisktask repo` says while it sets repositories up."""

from typing import Any

from tisktask_cli.output import printable

_RIGHTS = {
    "read_code": "read code",
    "post_statuses": "post statuses",
    "read_webhooks": "read webhooks",
    "write_webhooks": "make and change webhooks",
    "read_permissions": "see who may write (for comment commands and approvals)",
}
_MARKS = {"has": "yes", "lacks": "NO", "unknown": "?"}


def recognised(found: dict[str, Any], root_url: str) -> str:
    version = f" {found['version']}" if found["version"] else ""
    kind = " Enterprise Server" if found["forge"] == "github" and version else ""
    return printable(f"{root_url} is {_name(found['forge'])}{kind}{version}, its API {found['api_url']}.")


def other_kind(said: str, found: str) -> str:
    return f"Taken as {_name(said)}, as --forge says, although it answers as {_name(found)}."


def not_asked(problem: str, kind: str) -> str:
    return printable(f"Not verified ({problem}): taken for {_name(kind)} by its address.")


def not_recognised(root_url: str, problem: str) -> str:
    return printable(f"what forge {root_url} is, can not be told: {problem}. Say it with --forge, and with --api-url")


def rights_lines(rights: dict[str, Any]) -> list[str]:
    lines = ["The token may:"]
    for right in rights["rights"]:
        detail = f"  {right['detail']}" if right["detail"] else ""
        lines.append(printable(f"  {_MARKS[right['state']]:<4} {_RIGHTS.get(right['name'], right['name'])}{detail}"))
    return lines


def hook_lines(hook: dict[str, Any]) -> list[str]:
    if hook["problem"]:
        where = f"It was to lead to {hook['url']}: --webhook-url says another address."
        lines = [f"The webhook is not as it should be: {hook['problem']}", *([where] if hook["url"] else [])]
        return [printable(line) for line in lines]
    how = "was made" if hook["is_new"] else "was there, and was made right" if hook["repaired"] else "was there"
    return [f"The webhook to {hook['url']} {how}.", *(printable(f"  - {one}") for one in hook["repaired"])]


def trial_lines(trial: dict[str, Any]) -> list[str]:
    match trial["arrival"]:
        case "arrived":
            return [f"A test delivery has arrived after {trial['waited_seconds']:.1f} s, its signature is right."]
        case "not_sent":
            first = f"No test delivery was sent: {trial['problem']}"
        case "wrong_signature":
            first = "A test delivery has arrived, but its signature is wrong."
        case _:
            first = f"No test delivery has arrived at {trial['url']} within {trial['waited_seconds']:.0f} s."
    said = [f"The forge says of it: {trial['last_answer']}"] if trial["last_answer"] else []
    return [printable(line) for line in (first, *said, trial["advice"]) if line]


EMPTY_REPOSITORY = "The repository has no commits yet: no test delivery was asked for. The first push will show."
AGAIN = "It is added, and not set up yet. Run the command again when that is mended."
APP = "A GitHub App speaks for it: its webhook is set up on the App's own page."
PUBLIC_ONLY = (
    "It has no token: only public code can be fetched, and the forge will not show states. With --token-file the "
    "webhook is made, too."
)


def rotated_lines(done: dict[str, Any], trial: dict[str, Any] | None, *, is_exchanged: bool) -> list[str]:
    if not done["is_told"]:
        return [
            printable(f"The forge could not be told the new secret yet: {done['problem']}"),
            "It will be told again by itself. Until then the old secret is good.",
        ]
    if is_exchanged:
        return [
            "The secret is exchanged: a delivery that was signed with the new one has arrived, the old one is gone."
        ]
    return [
        "The forge knows the new secret. Both are good until the first delivery that is signed with the new one.",
        *(trial_lines(trial) if trial else []),
    ]


def _name(forge: str) -> str:
    return {"github": "GitHub", "forgejo": "Forgejo", "gitea": "Gitea"}.get(forge, forge)
