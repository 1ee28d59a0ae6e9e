"""A person tells runners to take nothing more, and to take work again."""

from pydantic import Field

from tisktask_common.rpc import Accepted, Request


class PauseRunner(Request[Accepted]):
    """Pause a host, or one replica of it; it holds until it is taken back, also across restarts."""

    subject_name = "pause-runner"
    reply_type = Accepted
    runner: str
    replica: str = Field(default="", description="empty: all replicas of the host")
    is_paused: bool = Field(description="false: take work again")
