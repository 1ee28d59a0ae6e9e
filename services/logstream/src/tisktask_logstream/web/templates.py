"""The Jinja templates with what they may use; everything is escaped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from tisktask_logstream import words
from tisktask_logstream.api.approvals import REASON_LENGTH_MAX
from tisktask_logstream.source_pages import source_page
from tisktask_logstream.web import presentation
from tisktask_logstream.web.markdown import Markdown

FOLDER = Path(__file__).parent
#: Of a run that waits for approval; its API tells all.
PROGRAMS_SHOWN_MAX = 50
_FROM_PRESENTATION = (
    "state_text",
    "is_over",
    "short_sha",
    "source_of",
    "event_of",
    "stamp",
    "full_time",
    "duration",
    "outcome_of",
    "label_of",
    "remark_of",
    "command_of",
    "bar_of",
    "can_rerun_failed",
)


class Templates:
    """Renders pages and fragments of pages. Called from threads. What `notice` says now is on top of every page."""

    def __init__(self, notice: Callable[[], str] = str) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        known = cast("dict[str, Any]", self._environment.globals)
        known |= {name: getattr(presentation, name) for name in _FROM_PRESENTATION}
        known |= {"PROGRAMS_SHOWN_MAX": PROGRAMS_SHOWN_MAX, "REASON_LENGTH_MAX": REASON_LENGTH_MAX}
        known |= {"words": words, "source_page": source_page, "notice": notice}
        self._environment.filters["markdown"] = Markdown().render

    def render(self, template: str, **values: Any) -> str:
        return self._environment.get_template(template).render(values)

    def page(self, template: str, *, status: int = 200, **values: Any) -> web.Response:
        return web.Response(text=self.render(template, **values), content_type="text/html", status=status)
