"""Markdown that jobs have written, as HTML that can do nothing: no HTML of theirs, no images, links to the web only."""

import re
from collections import OrderedDict
from threading import Lock

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

from tisktask_logstream import words

_TEXT_MAX = 64 * 1024
_KEPT_MAX = 8 * 1024 * 1024
_LINK = re.compile(r"(?:https?://|mailto:)[^\s]+", re.IGNORECASE)
_ALIGNMENTS = {"text-align:left": "to-left", "text-align:right": "to-right", "text-align:center": "to-middle"}


class Markdown:
    """Renders texts; keeps the newest in bounded memory. Called from threads."""

    def __init__(self, text_max: int = _TEXT_MAX) -> None:
        self._text_max = text_max
        self._parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable(["table", "strikethrough"])
        self._parser.validateLink = _is_link
        self._parser.core.ruler.push("harmless", _make_harmless)
        self._kept: OrderedDict[str, Markup] = OrderedDict()
        self._kept_size = 0
        self._lock = Lock()

    def render(self, text: str) -> Markup:
        """Render a text; of one that is very long only the beginning."""
        with self._lock:
            if (kept := self._kept.get(text)) is not None:
                self._kept.move_to_end(text)
                return kept
            shown = text[: self._text_max]
            # Nothing but what the parser itself has written: texts are escaped by it.
            html = Markup(self._parser.render(shown))  # noqa: S704
            if len(shown) < len(text):
                html += Markup('<p class="hint">{}</p>').format(words.TEXT_CUT)
            self._keep(text, html)
            return html

    def _keep(self, text: str, html: Markup) -> None:
        self._kept[text] = html
        self._kept_size += len(text) + len(html)
        while self._kept_size > _KEPT_MAX:
            old_text, old_html = self._kept.popitem(last=False)
            self._kept_size -= len(old_text) + len(old_html)


def _is_link(url: str) -> bool:
    return _LINK.fullmatch(url) is not None


def _make_harmless(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline":
            token.children = _without_images(token.children or [])
        elif (style := token.attrs.pop("style", None)) is not None:
            # The pages' policy allows no styles of their own.
            token.attrs["class"] = _ALIGNMENTS.get(str(style), "")


def _without_images(children: list[Token]) -> list[Token]:
    made: list[Token] = []
    links = 0
    for token in children:
        links += token.nesting if token.type in {"link_open", "link_close"} else 0
        if token.type == "link_open":
            token.attrs["rel"] = "noopener nofollow"
            made.append(token)
        elif token.type == "image":
            made += _as_link(token, is_in_link=links > 0)
        else:
            made.append(token)
    return made


def _as_link(image: Token, *, is_in_link: bool) -> list[Token]:
    address = str(image.attrs.get("src", ""))
    text = Token("text", "", 0, content=image.content or address)
    if is_in_link:
        return [text]
    attributes: dict[str, str | int | float] = {"href": address, "rel": "noopener nofollow"}
    return [Token("link_open", "a", 1, attrs=attributes), text, Token("link_close", "a", -1)]
