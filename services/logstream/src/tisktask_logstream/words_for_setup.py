"""What people read about setting up repositories, on pages, from the API and in a terminal."""

from datetime import UTC, datetime

from tisktask_common.setup_requests import Arrival

TOKEN = "token"  # noqa: S105 - a heading
RIGHTS_OK = "the forge knows it"
CLOCK = "clock"
WEBHOOK = "webhook"
DELIVERIES = "deliveries"
SECRET = "webhook secret"  # noqa: S105 - a heading
STATUSES = "statuses"
REPOSITORY = "repository"

NO_TOKEN = "it has none: only public code can be fetched, and the forge will not show states"  # noqa: S105
LOCAL = "a local repository: there is no forge to ask"
ADVICE_TOKEN = "give one: `tisktask repo add URL --token-file FILE`"  # noqa: S105 - no secret
ADVICE_ADD = "run `tisktask repo add` with its address again: it makes the webhook right"
ADVICE_RIGHTS = "give the token the right, or make another: `tisktask repo add URL --token-file FILE`"
NO_HOOK = "the forge has no webhook that leads here"
SEVERAL_HOOKS = "the forge has several webhooks that lead here: each push comes as often"
APP_HOOK = "a GitHub App speaks for the repository: its deliveries come from the App's own webhook"
NO_DELIVERY = "none has arrived yet"
ARCHIVED = "it is archived at the forge, which takes no statuses for it"
EMPTY = "it has no commits yet"
STATUSES_OK = "the forge shows all of the last seven days"
SECRET_EXCHANGED = "it is being exchanged: two are good until a delivery was signed with the new one"  # noqa: S105
SECRET_UNTOLD = "it is being exchanged, and the forge could not be told the new one yet: it will be told again"  # noqa: S105
SECRET_OK = "the forge was told it"  # noqa: S105
SECRET_BY_HAND = "it was set by hand"  # noqa: S105
ADVICE_LOCAL = "`tisktask trigger push --path FOLDER` starts its runs"

#: Forgejo and Gitea deliver to public addresses only, unless their administrator allows others.
_ALLOW = (
    "Forgejo and Gitea deliver to public addresses only: if Tisktask's is private, have their administrator allow it "
    "in app.ini, `[webhook] ALLOWED_HOST_LIST = private` or the host's name (newer Gitea: in `[security]`), and "
    "restart the forge. It must also be able to reach the address: try `curl {url}` there. Its page Settings > "
    "Webhooks shows what came of the delivery."
)
_PUBLIC = (
    "GitHub delivers to public addresses only, best with HTTPS: {url} must be reachable from the internet. An "
    "Enterprise Server needs to reach it in its own network. Settings > Webhooks > Recent Deliveries shows what came "
    "of it."
)
_SIGNATURE = (
    "a delivery has arrived, but it was not signed with the repository's secret: `tisktask repo add` with its address "
    "sets the secret anew"
)


def advice_for(arrival: Arrival, forge: str, url: str) -> str:
    """Say what to do if a test delivery did not arrive."""
    match arrival:
        case Arrival.ARRIVED:
            return ""
        case Arrival.WRONG_SIGNATURE:
            return _SIGNATURE
        case Arrival.NOT_ARRIVED | Arrival.NOT_SENT:
            return (_PUBLIC if forge == "github" else _ALLOW).format(url=url)


def clock_off(seconds: float) -> str:
    which = "ahead of" if seconds > 0 else "behind"
    return f"the forge's clock is {abs(seconds):.0f} s {which} ours"


ADVICE_CLOCK = "set the clocks of both by NTP: tokens of Apps and signatures depend on the time"


def last_delivery(at: datetime, event: str) -> str:
    return f"the last one that was noted: {event or 'a delivery'}, {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def refused_delivery(at: datetime) -> str:
    return f"the last one came with a wrong signature, {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def last_answer(text: str) -> str:
    return f"; the forge says of its last delivery: {text}" if text else ""


def refused_statuses(count: int, most: int, error: str) -> str:
    number = f"{most} or more" if count >= most else str(count)
    return f"{number} of the last seven days {'is' if number == '1' else 'are'} not shown, the newest: {error}"


def hook_there(url: str) -> str:
    return f"it is there and leads to {url}"


def other_name(full_name: str) -> str:
    return f"the forge calls it {full_name} now: the next delivery tells Tisktask, too"
