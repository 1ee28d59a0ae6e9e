"""How a repository's forge is told of its runs: who decides about it, and the tokens that come with it."""

from pydantic import Field

from tisktask_common.events import Value
from tisktask_common.ids import RepositoryId
from tisktask_common.rpc import Accepted, Request


class SetApp(Request[Accepted]):
    """Speak to a repository's forge as a GitHub App, or (both null) no more."""

    subject_name = "set-app"
    reply_type = Accepted
    repository_id: RepositoryId
    app_id: str | None
    sealed_app_key: str | None = Field(description="its private key (PEM), sealed for the orchestrator")


class SetComment(Request[Accepted]):
    """Keep a comment on pull requests up to date, or no more."""

    subject_name = "set-comment"
    reply_type = Accepted
    repository_id: RepositoryId
    has_comment: bool


class FetchToken(Value):
    """A token that can read one repository for an hour at most."""

    sealed_token: str | None = Field(description="null: the forge gives none, see the reason")
    reason: str = ""


class MintFetchToken(Request[FetchToken]):
    """The orchestrator asks for a token to fetch with, sealed for the runner that will use it."""

    subject_name = "mint-fetch-token"
    reply_type = FetchToken
    repository_id: RepositoryId
    public_key: str
