"""What the orchestrator asks forges. The reporter asks in its place: it knows how to, and waits when they limit it."""

from datetime import datetime

from pydantic import Field

from tisktask_common.events import Change, Value
from tisktask_common.ids import RepositoryId
from tisktask_common.rpc import Request

#: Deliveries that one request asks to be sent again.
REDELIVERIES_MAX = 50


class ForgeAnswer(Value):
    """What every answer carries."""

    problem: str = Field(default="", description="a sentence: the forge was not asked, or did not answer as it should")
    is_refused: bool = Field(default=False, description="it will be so until somebody changes rights or settings")
    pause_seconds: float = Field(default=0, description="not to be asked again before")


class OpenPull(Value):
    """A pull request that is open, as the change that a run of it would build."""

    number: int
    change: Change = Field(description="its action is opened")


class PullPage(ForgeAnswer):
    """Some of the open pull requests."""

    items: list[OpenPull] = Field(default_factory=list[OpenPull])
    next_page: int | None = None


class ListOpenPulls(Request[PullPage]):
    """Ask for the open pull requests of a repository, page by page from 1."""

    subject_name = "open-pull-requests"
    reply_type = PullPage
    repository_id: RepositoryId
    page: int = 1


class FailedDelivery(Value):
    """A webhook that GitHub could not deliver to us."""

    hook_id: int
    delivery_id: int
    guid: str = Field(description="the delivery's id as ingest sees it")
    delivered_at: datetime


class FailedDeliveries(ForgeAnswer):
    """Those that failed and were not delivered since, the oldest first."""

    items: list[FailedDelivery] = Field(default_factory=list[FailedDelivery])


class ListFailedDeliveries(Request[FailedDeliveries]):
    """Ask GitHub for the deliveries to our hook that have failed since a moment."""

    subject_name = "failed-deliveries"
    reply_type = FailedDeliveries
    repository_id: RepositoryId
    since: datetime


class Redelivered(ForgeAnswer):
    """How many it will send again."""

    count: int = 0


class RedeliverWebhooks(Request[Redelivered]):
    """Have GitHub send deliveries again."""

    subject_name = "redeliver-webhooks"
    reply_type = Redelivered
    repository_id: RepositoryId
    items: list[FailedDelivery] = Field(max_length=REDELIVERIES_MAX)


class PullAnswer(ForgeAnswer):
    """The pull request, if there is one of this number."""

    pull: OpenPull | None = Field(default=None, description="as it is now, open or not; null and no problem: none")


class AskPull(Request[PullAnswer]):
    """Ask for one pull request."""

    subject_name = "ask-pull"
    reply_type = PullAnswer
    repository_id: RepositoryId
    number: int


class PermissionAnswer(ForgeAnswer):
    """What the forge says about somebody; with a problem it is not known."""

    may_write: bool = False


class AskPermission(Request[PermissionAnswer]):
    """Ask whether somebody may write to a repository."""

    subject_name = "ask-permission"
    reply_type = PermissionAnswer
    repository_id: RepositoryId
    login: str
