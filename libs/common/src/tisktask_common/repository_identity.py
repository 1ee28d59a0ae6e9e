"""What a forge calls a repository by now. Ingest tells it, of a delivery that the repository's secret has signed."""

from pydantic import Field

from tisktask_common.ids import RepositoryId
from tisktask_common.rpc import Accepted, Request


class NoteIdentity(Request[Accepted]):
    """A repository has this name and this number. Not accepted: the name is another known repository's."""

    subject_name = "note-identity"
    reply_type = Accepted
    repository_id: RepositoryId
    full_name: str
    external_id: int | None = Field(default=None, description="the forge's number; null: not told")
