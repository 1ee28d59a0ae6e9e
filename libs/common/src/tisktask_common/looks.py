"""How a runner host looks at a repository for the orchestrator: which commits its branches and tags stand at."""

from pydantic import Field

from tisktask_common.events import Repository, Value
from tisktask_common.ids import RepositoryId
from tisktask_common.rpc import Accepted, Request

#: How many bytes of names and ids one piece of an answer may have: with JSON around them it fits into a message.
PIECE_BYTES_MAX = 256 * 1024


class LookGrant(Value):
    """The answer to who takes a look: all that is needed for it, if it is still to be made by this host."""

    granted: bool
    reason: str = ""
    number: int = Field(default=0, description="the fence: answers of an older look change nothing")
    repository: Repository | None = None
    clone_url: str = ""
    sealed_token: str | None = None
    refs_max: int = Field(default=0, description="branches and tags; with more it is an error")
    also: list[str] = Field(
        default_factory=list[str], description="other refs that somebody waits for: refs/pull/7/head"
    )
    seconds_max: float = Field(default=45, description="after it the look is taken for lost")


class TakeLook(Request[LookGrant]):
    """A host begins a look that it was offered. Granted again while it is its own."""

    subject_name = "take-look"
    reply_type = LookGrant
    runner: str
    repository_id: RepositoryId
    public_key: str = Field(description="base64 X25519 key that the token is sealed for")


class HeadsSeen(Request[Accepted]):
    """What a look has seen, or why nothing. Many refs come in pieces, in the order of their names (by code points)."""

    subject_name = "heads-seen"
    reply_type = Accepted
    runner: str
    repository_id: RepositoryId
    number: int
    after: str = Field(default="", description="this piece begins after this ref; empty: it is the first")
    until: str | None = Field(default=None, description="it holds all refs up to this one; null: it is the last piece")
    heads: dict[str, str] = Field(
        default_factory=dict[str, str], description="refs/heads/main -> commit; of an annotated tag, what it names"
    )
    default_ref: str | None = Field(default=None, description="what HEAD names, with the last piece; null: nothing")
    error: str = Field(default="", description="a sentence: nothing was seen")
