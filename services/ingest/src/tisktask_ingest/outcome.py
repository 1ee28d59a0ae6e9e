"""What can become of a delivery: values that the normalisers, the reception and the HTTP edge hand on."""

from dataclasses import dataclass

from tisktask_common.events import Change
from tisktask_common.ids import TriggerId


@dataclass(frozen=True)
class Triggered:
    """The delivery asks for a run of this change."""

    change: Change


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
