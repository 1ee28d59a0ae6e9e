"""What a job says for people to read: about itself, and on its run's page."""

from tisktask_common.errors import UserError
from tisktask_common.events import JobAnnotated, JobProgress
from tisktask_common.job_requests import Annotate, DescribeJob
from tisktask_common.rpc import Accepted
from tisktask_orchestrator.bounds import NAME_CHARS_MAX, bounded
from tisktask_orchestrator.callers import require_runner
from tisktask_orchestrator.changes import RunChange, changing_run_of_job
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.commands import words
from tisktask_orchestrator.commands.authority import require_attempt
from tisktask_orchestrator.store.jobs import read_job
from tisktask_orchestrator.store.remarks import count_annotations, describe_job, insert_annotation, read_description

TITLE_CHARS_MAX = 200
STATUS_CHARS_MAX = 140
SUMMARY_BYTES_MAX = 64 * 1024
TEXT_BYTES_MAX = 16 * 1024
FILE_CHARS_MAX = 1000
LINE_MAX = 2**31 - 1
#: Each is an event that everybody hears: a job in a loop must not drown the others' events.
DESCRIPTIONS_MAX = 10_000


async def note_description(collaborators: Collaborators, request: DescribeJob, caller: str) -> Accepted:
    """Keep a job's title, status and summary; what is the same as before changes nothing."""
    require_runner(caller, request.runner)
    summary = None if request.summary is None else _kept("SUMMARY", request.summary, SUMMARY_BYTES_MAX)
    title, status = _one_line(request.title, TITLE_CHARS_MAX), _one_line(request.status_text, STATUS_CHARS_MAX)
    async with changing_run_of_job(collaborators, request.job_id) as change:
        await require_attempt(change.connection, request, caller)
        before = await read_description(change.connection, request.job_id)
        is_event = title not in {None, before.title} or status not in {None, before.status_text}
        if not is_event and summary in {None, before.summary}:
            return Accepted(accepted=True)
        if before.descriptions >= DESCRIPTIONS_MAX:
            raise UserError(words.too_many_descriptions(DESCRIPTIONS_MAX))
        job = await describe_job(change.connection, request.job_id, title, status, summary)
        if is_event:
            change.emit_about_job(JobProgress, job, status_text=before.status_text if status is None else status)
    return Accepted(accepted=True)


async def note_annotation(collaborators: Collaborators, request: Annotate, caller: str) -> Accepted:
    """Add a remark to the run's page, once for each request."""
    require_runner(caller, request.runner)
    remark = _checked(request)
    async with changing_run_of_job(collaborators, request.job_id) as change:
        await require_attempt(change.connection, request, caller)
        await _add_once(collaborators, change, remark)
    return Accepted(accepted=True)


async def _add_once(collaborators: Collaborators, change: RunChange, remark: Annotate) -> None:
    settings = collaborators.settings
    counts = await count_annotations(change.connection, change.run.id, remark.job_id, remark.request_id)
    if counts.is_there:
        return
    if counts.of_job >= settings.annotations_per_job_max:
        raise UserError(words.too_many("ANNOTATE by one job", settings.annotations_per_job_max))
    if counts.of_run >= settings.annotations_per_run_max:
        raise UserError(words.too_many("ANNOTATE in one run", settings.annotations_per_run_max))
    await insert_annotation(change.connection, change.run.id, remark)
    job = await read_job(change.connection, remark.job_id)
    if job:
        change.emit_about_job(
            JobAnnotated, job, level=remark.level, file=remark.file, line=remark.line, text=remark.text
        )


def _checked(remark: Annotate) -> Annotate:
    if not 1 <= len(remark.request_id) <= NAME_CHARS_MAX or "\0" in remark.request_id:
        raise UserError(words.wrong_program("request_id"))
    if remark.line is not None and (remark.file is None or not 1 <= remark.line <= LINE_MAX):
        raise UserError(words.wrong_line())
    text = _kept("ANNOTATE", remark.text, TEXT_BYTES_MAX)
    if not text.strip():
        raise UserError(words.no_text("ANNOTATE"))
    return remark.model_copy(update={"text": text, "file": _one_line(remark.file, FILE_CHARS_MAX)})


def _kept(field: str, text: str, bytes_max: int) -> str:
    """Refuse a text that is too long: Markdown that is cut looks broken."""
    if len(text.encode()) > bytes_max:
        raise UserError(words.too_many_bytes(field, bytes_max))
    return bounded(text.replace("\r\n", "\n"), len(text))


def _one_line(text: str | None, chars_max: int) -> str | None:
    """Cut a text that is only shown, and put it into one line."""
    return None if text is None else bounded(" ".join(text.split()), chars_max)
