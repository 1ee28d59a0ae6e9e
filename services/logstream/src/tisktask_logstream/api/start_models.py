"""What the API takes and answers about runs that people and schedules start. The orchestrator checks what it means."""

from pydantic import Field, StrictStr, field_validator

from tisktask_common.errors import UserError
from tisktask_common.run_inputs import check_inputs
from tisktask_common.starts import MANUAL, Overlap
from tisktask_logstream.api.models import Strict
from tisktask_logstream.rows import Record, ScheduleRecord, StartRecord

_REF = "branch, tag or full name (refs/heads/main); null: the default branch"
_INPUTS = "become TISKTASK_INPUT_<NAME>; they are shown to everybody who can see the run: no secrets"
_REQUEST_ID = "repeated with the same id, a request makes one run"


class StartList(Record):
    """Wanted runs, the newest first."""

    items: list[StartRecord]
    next: None = None


class ScheduleList(Record):
    """The schedules of a repository."""

    items: list[ScheduleRecord]
    next: None = None


class StartsQuery(Strict):
    """How many wanted runs to list."""

    limit: int = Field(default=20, ge=1, le=200)


class _WithInputs(Strict):
    """Inputs are checked here too: so what is wrong with them is said as of any other field."""

    @field_validator("inputs", check_fields=False)
    @classmethod
    def _are_usable(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        try:
            check_inputs(value or {})
        except UserError as error:
            raise ValueError(error.message) from error
        return value


class StartOrder(_WithInputs):
    """What is to be run. May be left out: then .tisktask/manual/ of the default branch."""

    event: str = Field(default=MANUAL, max_length=50, description="folder below .tisktask/")
    action: str | None = Field(default=None, max_length=64, description="folder below that of the event")
    ref: str | None = Field(default=None, min_length=1, max_length=255, description=_REF)
    sha: str | None = Field(default=None, max_length=64, description="a commit; null: what the ref leads to now")
    inputs: dict[str, StrictStr] = Field(default_factory=dict[str, StrictStr], description=_INPUTS)
    request_id: str | None = Field(default=None, min_length=1, max_length=100, description=_REQUEST_ID)


class ScheduleRunOrder(Strict):
    """May be left out."""

    request_id: str | None = Field(default=None, min_length=1, max_length=100, description=_REQUEST_ID)


class NewSchedule(_WithInputs):
    """A schedule to add."""

    name: str = Field(min_length=1, max_length=64, description="also a folder below .tisktask/schedule/")
    cron: str = Field(max_length=200, description="minute, hour, day-of-month, month, day-of-week; or @daily, ...")
    time_zone: str = Field(default="UTC", max_length=100, description="a name of the IANA database: Europe/Berlin")
    ref: str | None = Field(default=None, min_length=1, max_length=255, description=_REF)
    inputs: dict[str, StrictStr] = Field(default_factory=dict[str, StrictStr], description=_INPUTS)
    overlap: Overlap = Field(default=Overlap.SKIP, description="if it is due while its last run is at work")
    is_paused: bool = Field(default=False, strict=True)


class ScheduleChange(_WithInputs):
    """What to change of a schedule. What is not given stays as it is."""

    cron: str | None = Field(default=None, max_length=200)
    time_zone: str | None = Field(default=None, max_length=100)
    ref: str | None = Field(default=None, min_length=1, max_length=255, description=_REF)
    inputs: dict[str, StrictStr] | None = Field(default=None, description="all of them")
    overlap: Overlap | None = None
    is_paused: bool | None = Field(default=None, strict=True)

    @field_validator("cron", "time_zone", "inputs", "overlap", "is_paused")
    @classmethod
    def _is_given(cls, value: object) -> object:
        if value is None:
            raise ValueError("must not be null")
        return value
