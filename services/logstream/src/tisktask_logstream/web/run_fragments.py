"""The parts of the pages of runs and jobs that are sent again when they change."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from markupsafe import Markup

from tisktask_common.job_requests import Level
from tisktask_logstream import run_view
from tisktask_logstream.archive.containers import list_container_logs
from tisktask_logstream.live.sse import frame
from tisktask_logstream.log_names import LogName
from tisktask_logstream.rows import AnnotationRecord, JobRecord
from tisktask_logstream.run_view import JobInRun, Run, RunDetail
from tisktask_logstream.web.attempts import attempt_rows, policy_of
from tisktask_logstream.web.job_tree import JobTree
from tisktask_logstream.web.templates import Templates

NOTES_SHOWN_MAX = 50
SUMMARIES_SHOWN_MAX = 50
_WEIGHTS = {Level.ERROR: 0, Level.WARNING: 1, Level.NOTICE: 2}

Parts = list[tuple[str, bytes]]


@dataclass(frozen=True)
class NotePage:
    """Some of the annotations, the gravest first; how many come after them, and where those begin."""

    notes: list[AnnotationRecord]
    names: dict[str, str]
    rest: int
    next: int


@dataclass(frozen=True)
class RunFragments:
    """Makes the parts of a run's page. Called in threads."""

    templates: Templates

    def row(self, run: Run) -> Parts:
        """Make the row of a list."""
        element = f"row-{run.id}"
        return [_html_frame(element, self.templates.render("_run_row.html", run=run))]

    def parts(self, run: RunDetail) -> Parts:
        return [_html_frame(element, html) for element, html in self._html(run)]

    def page(self, run: RunDetail) -> str:
        fragments = [Markup(html) for _, html in self._html(run)]  # noqa: S704 - made by templates, which escape
        return self.templates.render("run.html", run=run, fragments=fragments)

    def jobs(self, run: RunDetail, parent: str, after: int) -> str:
        """Show what a fold of the tree hides."""
        return self.templates.render("_jobs_page.html", run=run, level=JobTree(run.jobs).unfold(parent, after))

    def notes(self, run: RunDetail, after: int) -> str:
        return self.templates.render("_notes_page.html", run=run, page=_note_page(run, after))

    def _html(self, run: RunDetail) -> list[tuple[str, str]]:
        summarised = [job for job in run.jobs if job.summary != ""]
        shown = summarised[:SUMMARIES_SHOWN_MAX]
        rest = len(summarised) - len(shown)
        render = self.templates.render
        return [
            ("run-head", render("_run_head.html", run=run)),
            ("run-trust", render("_run_trust.html", run=run)),
            ("run-tree", render("_run_tree.html", run=run, level=JobTree(run.jobs).top())),
            ("run-notes", render("_run_notes.html", run=run, page=_note_page(run, 0))),
            ("run-summaries", render("_run_summaries.html", run=run, jobs=shown, rest=rest)),
        ]


@dataclass(frozen=True)
class JobFragments:
    """Makes the parts of a job's page that shows this log. Called in threads; alike for all who look at the same."""

    templates: Templates
    folder: Path
    shown: LogName

    def parts(self, found: JobInRun) -> Parts:
        values = self._values(found)
        names = {"job": "_job.html", "attempts": "_attempts.html", "tabs": "_tabs.html"}
        return [_html_frame(element, self.templates.render(name, **values)) for element, name in names.items()]

    def page(self, found: JobInRun, deleted_at: datetime | None = None) -> str:
        return self.templates.render("job.html", **self._values(found), deleted_at=deleted_at)

    def _values(self, found: JobInRun) -> dict[str, object]:
        return {
            "run": found.run,
            "job": found.job,
            "parent": found.parent,
            "reruns": found.reruns,
            "is_stopping": found.is_stopping,
            "shown": self.shown,
            "containers": self._containers(),
            "newest": run_view.newest_begun(found.job),
            "rows": attempt_rows(found),
            "policy": policy_of(found),
        }

    def _containers(self) -> list[str]:
        logs = list_container_logs(self.folder, self.shown.run, self.shown.job)
        return [log.container for log in logs if log.attempt == self.shown.attempt]


def _note_page(run: RunDetail, after: int) -> NotePage:
    ordered = sorted(run.annotations, key=lambda note: (_WEIGHTS[note.level], note.id))
    notes = ordered[after : after + NOTES_SHOWN_MAX]
    wanted = {note.job_id for note in notes}
    names = {job.id: job.title or job.name for job in _all_jobs(run) if job.id in wanted}
    until = after + len(notes)
    return NotePage(notes, names, len(ordered) - until, until)


def _all_jobs(run: run_view.Run) -> list[JobRecord]:
    return [*run.jobs, *(job for job in (run.preparation, run.inspection) if job)]


def _html_frame(element: str, html: str) -> tuple[str, bytes]:
    # Without the revision: a part that has stayed the same is not sent again.
    return element, frame("html", {"id": element, "html": html})
