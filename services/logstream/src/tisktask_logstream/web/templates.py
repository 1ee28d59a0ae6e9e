"""The Jinja templates with what they may use; everything is escaped."""

from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from tisktask_logstream.web import presentation

FOLDER = Path(__file__).parent


class Templates:
    """Renders pages and fragments of pages."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        names = ["state_text", "is_over", "short_sha", "source_of", "event_of", "stamp", "full_time", "duration"]
        for name in [*names, "outcome_of"]:
            self._environment.globals[name] = getattr(presentation, name)

    def render(self, template: str, **values: Any) -> str:
        return self._environment.get_template(template).render(values)

    def page(self, template: str, *, status: int = 200, **values: Any) -> web.Response:
        return web.Response(text=self.render(template, **values), content_type="text/html", status=status)
