"""What can become of a delivery: values that the normalisers, the reception and the HTTP edge hand on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from tisktask_common.events import Change, RerunAsked
from tisktask_common.ids import TriggerId


@dataclass(frozen=True)
class Identity:
    """Which repository a payload says that it is about."""

    full_name: str
    #: The forge's own number for it: it stays when the name changes.
    external_id: int | None = None
    #: Where the forge is, as the payload says: numbers of two forges are the same.
    host: str = ""
    #: A repository that was renamed is perhaps known under this name.
    former_name: str | None = None


@dataclass(frozen=True)
class Triggered:
    """The delivery asks for a run of this change, or (`rerun`) for those that its commit has had."""

    change: Change
    rerun: RerunAsked | None = None
    #: Given by the person who wants the run.
    inputs: dict[str, str] = field(default_factory=dict[str, str])
    #: Of a comment: when it was written.
    happened_at: datetime | None = None


@dataclass(frozen=True)
class Ignored:
    """The delivery is fine, and there is nothing to build."""

    reason: str


@dataclass(frozen=True)
class Ping:
    """The forge, or a person through its page, tries whether the webhook works."""


@dataclass(frozen=True)
class Malformed:
    """The payload lacks what is needed, or has it in a form that can not be used."""

    field: str
    problem: str


Outcome = Triggered | Ignored | Ping | Malformed
#: Reads one kind of payload. Raises ValidationError if it lacks what is needed.
Reader = Callable[[bytes], Outcome]


@dataclass(frozen=True)
class Refusal:
    """The delivery is not taken; `message` says why and what to do."""

    status: int
    code: str
    message: str


@dataclass(frozen=True)
class Accepted:
    """The trigger is stored: on the bus, or on our disk until the bus is back."""

    trigger_id: TriggerId
    is_spooled: bool


@dataclass(frozen=True)
class Pong:
    """A ping with a good signature arrived."""

    full_name: str


Answer = Accepted | Pong | Ignored | Refusal
