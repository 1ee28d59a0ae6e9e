"""What is shown in Markdown: the summaries of runs and jobs, for checks and comments. Pure."""

from collections.abc import Sequence

from tisktask_reporter.said import JOBS_MAX, JobSaid, Remark, RunSaid
from tisktask_reporter.words import duration, fit

#: GitHub takes no more; comments on all forges take as much.
CHARACTERS_MAX = 65_535
_NAME_CHARACTERS_MAX = 200
_SIGNS = {"succeeded": "✅", "failed": "❌", "timed_out": "❌", "errored": "⚠️", "cancelled": "⛔", "skipped": "⏭️"}
#: What would be more than text. The backslash comes first: the others are written with it.
_SIGNS_OF_MARKDOWN = {
    "\\": "\\\\",
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    # Nobody is to be called by a job's name.
    "@": "@\u200b",
    **{sign: f"\\{sign}" for sign in "`*_[]#"},
}
_LEVELS = {"notice": "Notice", "warning": "Warning", "error": "Error"}


def job_text(description: str, summary: str, remarks: Sequence[Remark], url: str) -> str:
    """Show what a job has said: its summary as it is, its remarks below."""
    return bounded([f"**{_inline(description)}**", summary, *_remarks(remarks)], url)


def run_text(description: str, jobs: Sequence[JobSaid], remarks: Sequence[Remark], url: str) -> str:
    """Show a run: a table of its jobs, then what they say in summary."""
    shown = jobs[:JOBS_MAX]
    rows = [f"| {_SIGNS.get(job.result, '⏳')} | {_name(job)} | {_cell(_told(job))} |" for job in shown]
    more = [f"There are more than these {JOBS_MAX} jobs."] if len(jobs) > JOBS_MAX else []
    table = "\n".join(["| | job | |", "|---|---|---|", *rows]) if rows else ""
    summaries = [f"### {_name(job)}\n\n{job.summary}" for job in shown if job.summary.strip()]
    return bounded([f"**{_inline(description)}**", table, *more, *_remarks(remarks), *summaries], url)


def comment_text(mark: str, run: RunSaid | None, description: str, jobs: Sequence[JobSaid], url: str) -> str:
    """Show a run to the readers of a pull request."""
    which = f"run #{run.number}]({url}) of `{run.sha[:10]}`" if run else f"run]({url})"
    return bounded([f"{mark}\n**Tisktask**: [{which}", run_text(description, jobs, [], url)], url)


def bounded(parts: Sequence[str], url: str) -> str:
    """Put parts one below the other as long as there is room; what is left out is on the run's page."""
    end = f"\n\n[All of it]({url})"
    text = ""
    for part in parts:
        if not part.strip():
            continue
        longer = f"{text}\n\n{part}" if text else part
        if len(longer) > CHARACTERS_MAX - len(end):
            return f"{text or part[: CHARACTERS_MAX - len(end)]}{end}"
        text = longer
    return text


def _remarks(remarks: Sequence[Remark]) -> list[str]:
    return [f"> **{_LEVELS.get(one.level, one.level)}** {_quoted(one.text)}" for one in remarks]


def _quoted(text: str) -> str:
    return text.strip().replace("\n", "\n> ")


def _told(job: JobSaid) -> str:
    state = job.result.replace("_", " ")
    took = "" if job.seconds is None else f" in {duration(job.seconds)}"
    reason = f": {job.reason}" if job.reason and job.result != "succeeded" else ""
    return f"{state}{took}{reason}"


def _name(job: JobSaid) -> str:
    return _cell(job.title.strip() or job.name)


def _cell(text: str) -> str:
    """Keep a name or a reason from being more than text in a cell."""
    return _inline(text).replace("|", "\\|")


def _inline(text: str) -> str:
    line = fit(text, _NAME_CHARACTERS_MAX)
    for sign, shown in _SIGNS_OF_MARKDOWN.items():
        line = line.replace(sign, shown)
    return line
