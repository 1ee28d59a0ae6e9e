"""Setting repositories up at their forges: what the API asks the reporter, and the reporter the orchestrator."""

from enum import StrEnum

from pydantic import Field

from tisktask_common.events import Value
from tisktask_common.forge_requests import ForgeAnswer
from tisktask_common.ids import RepositoryId
from tisktask_common.rpc import Request

#: Repositories on one page of a token's list.
LISTED_MAX = 100


class RecognisedForge(ForgeAnswer):
    """What kind of forge an address belongs to."""

    forge: str = Field(default="", description="github, forgejo or gitea; empty: see problem")
    api_url: str = ""
    version: str = Field(default="", description="as the forge tells it; empty: it does not")


class RecogniseForge(Request[RecognisedForge]):
    """Find out by its API what kind of forge an address belongs to."""

    subject_name = "recognise-forge"
    reply_type = RecognisedForge
    root_url: str = Field(description="the forge's own address, with its path: https://example.org/git")
    sealed_token: str | None = Field(default=None, description="sealed for the orchestrator; some forges need one")


class Administrable(Value):
    """A repository that a token sees at its forge."""

    full_name: str
    clone_url: str
    is_archived: bool = False
    may_administer: bool = False
    is_empty: bool = Field(default=False, description="it has no commits")


class AdministrablePage(ForgeAnswer):
    """Some of the repositories of an owner that a token sees."""

    items: list[Administrable] = Field(default_factory=list[Administrable])
    next_page: int | None = None


class ListAdministrable(Request[AdministrablePage]):
    """Ask for the repositories of an owner that a token sees, page by page from 1."""

    subject_name = "list-administrable"
    reply_type = AdministrablePage
    forge: str
    api_url: str
    owner: str
    sealed_token: str = Field(description="sealed for the orchestrator")
    page: int = 1


class RightState(StrEnum):
    """What is known about a right."""

    HAS = "has"
    LACKS = "lacks"
    UNKNOWN = "unknown"


class Right(Value):
    """One thing that a token must be allowed to do."""

    name: str = Field(description="read_code, post_statuses, read_webhooks, write_webhooks or read_permissions")
    state: RightState
    detail: str = Field(default="", description="what the forge said, and what to give the token")


class RightsReport(ForgeAnswer):
    """What a repository's token may do, one right after the other, and what was learnt on the way."""

    rights: list[Right] = Field(default_factory=list[Right])
    full_name: str = Field(default="", description="what the forge calls the repository")
    is_empty: bool = Field(default=False, description="it has no commits")
    is_archived: bool = False
    is_app: bool = Field(default=False, description="a GitHub App speaks for us, whose webhook is its own affair")
    clock_seconds: float | None = Field(
        default=None, description="how far the forge's clock is ahead of the reporter's"
    )


class CheckRights(Request[RightsReport]):
    """Check what the token of a repository may do; nothing is changed at the forge."""

    subject_name = "check-rights"
    reply_type = RightsReport
    repository_id: RepositoryId


class HookSeen(Value):
    """A webhook of ours at a forge."""

    hook_id: int
    url: str
    is_active: bool = True
    problems: list[str] = Field(default_factory=list[str], description="what is wrong with it, in sentences")
    remarks: list[str] = Field(default_factory=list[str], description="what else is to be known about it")
    last_answer: str = Field(default="", description="what the forge says of its last delivery (GitHub)")


class HookReport(ForgeAnswer):
    """Our webhooks of a repository as the forge has them now: one, if all is well."""

    url: str = Field(default="", description="the address that they should lead to")
    hooks: list[HookSeen] = Field(default_factory=list[HookSeen])


class WebhookAddress(Value):
    """Where a forge's webhook leads to: the first of these that there is, the reporter's setting after `wanted`."""

    wanted: str = Field(default="", description="said with this order")
    known: str = Field(default="", description="what the forge was told before")
    fallback: str = Field(default="", description="where who asks reaches ingest")


class InspectHook(Request[HookReport]):
    """Look at our webhook of a repository; nothing is changed."""

    subject_name = "inspect-hook"
    reply_type = HookReport
    repository_id: RepositoryId
    address: WebhookAddress = WebhookAddress()
    hook_id: int | None = None


class HookEnsured(ForgeAnswer):
    """A webhook of ours that is as it should be."""

    hook_id: int | None = None
    url: str = ""
    is_new: bool = False
    repaired: list[str] = Field(default_factory=list[str], description="what was wrong with it, in sentences")
    told_secret: int | None = Field(default=None, description="number of the secret that the forge was told")


class EnsureHook(Request[HookEnsured]):
    """Make the webhook of a repository, or what is wrong with it right. Others' webhooks are left alone."""

    subject_name = "ensure-hook"
    reply_type = HookEnsured
    repository_id: RepositoryId
    address: WebhookAddress = WebhookAddress()
    hook_id: int | None = Field(default=None, description="the forge's number of it, as far as it is known")
    sets_secret: bool = Field(default=False, description="tell the forge the newest secret, whatever it knows")


class HookDropped(ForgeAnswer):
    """What became of our webhooks of a repository; if they are not all gone, `problem` says why."""

    count: int = Field(default=0, description="webhooks that were deleted")


class DropHook(Request[HookDropped]):
    """Delete our webhook of a repository, and what else leads to the same place. Others' webhooks are left alone."""

    subject_name = "drop-hook"
    reply_type = HookDropped
    repository_id: RepositoryId
    url: str = Field(description="where it leads to")
    hook_id: int | None = None


class HookTested(ForgeAnswer):
    """Whether the forge will send a test delivery."""

    is_sent: bool = False


class SendTest(Request[HookTested]):
    """Have the forge send a test delivery: a ping of GitHub's, a push that changes nothing of the others'."""

    subject_name = "send-test"
    reply_type = HookTested
    repository_id: RepositoryId
    hook_id: int


class Resealed(Value):
    """A secret, sealed for who asked."""

    sealed_secret: str


class ResealSecret(Request[Resealed]):
    """The reporter got a secret that was sealed for the orchestrator, and asks for it with a key of its own."""

    subject_name = "reseal-secret"
    reply_type = Resealed
    sealed_secret: str
    public_key: str


class NewestSecret(Value):
    """The newest webhook secret of a repository."""

    sealed_secret: str
    number: int


class AskHookSecret(Request[NewestSecret]):
    """The reporter asks for the secret that a repository's webhook is to sign with."""

    subject_name = "hook-secret"
    reply_type = NewestSecret
    repository_id: RepositoryId
    public_key: str


class ConnectHook(Request[HookEnsured]):
    """The API wants a repository's webhook made, or made right."""

    subject_name = "connect-hook"
    reply_type = HookEnsured
    repository_id: RepositoryId
    webhook_url: str = ""
    fallback_url: str = ""
    sets_secret: bool = False


class Arrival(StrEnum):
    """What became of a test delivery."""

    ARRIVED = "arrived"
    WRONG_SIGNATURE = "wrong_signature"
    NOT_ARRIVED = "not_arrived"
    #: The forge did not send one.
    NOT_SENT = "not_sent"


class HookTried(ForgeAnswer):
    """What became of a test delivery, and what the forge said of it."""

    arrival: Arrival
    url: str = ""
    waited_seconds: float = 0
    last_answer: str = Field(default="", description="what the forge says of its last delivery (GitHub)")


class TryHook(Request[HookTried]):
    """The API wants a test delivery sent, and waits for it to arrive at ingest."""

    subject_name = "try-hook"
    reply_type = HookTried
    repository_id: RepositoryId
    wait_seconds: float = 15


class Rotation(ForgeAnswer):
    """How far the exchange of a webhook secret is."""

    is_told: bool = Field(default=False, description="the forge knows the new one; false: it will be told, see problem")


class RotateSecret(Request[Rotation]):
    """Exchange a repository's webhook secret: old and new are good until a delivery was signed with the new one."""

    subject_name = "rotate-secret"
    reply_type = Rotation
    repository_id: RepositoryId
