"""What is known of a repository's webhook."""

from datetime import datetime

from pydantic import Field

from tisktask_logstream.rows import Record


class HookRecord(Record):
    """What is known of a repository's webhook, and when it was last heard of."""

    hook_id: int | None = Field(default=None, description="the forge's number of it; null: it was not made by us")
    url: str = ""
    problem: str = Field(default="", description="why it could not be made right the last time")
    is_rotating: bool = Field(default=False, description="its secret is being exchanged: two are good")
    forge_is_to_be_told: bool = Field(default=False, description="of the next secret, and will be again and again")
    told_at: datetime | None = Field(default=None, description="when the forge was told a secret")
    delivered_at: datetime | None = Field(default=None, description="a delivery of it, to about half a minute")
    delivered_event: str = ""
    tested_at: datetime | None = Field(default=None, description="a ping or a test of it")
    refused_at: datetime | None = Field(default=None, description="a delivery whose signature was wrong")
