"""Markdown of jobs becomes HTML that can do nothing."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tisktask_logstream.web.markdown import Markdown

TEXT_TAGS = {"p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"}
TAGS = TEXT_TAGS | {"h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {"a": {"href", "title", "rel"}, "ol": {"start"}, "code": {"class"}, "th": {"class"}, "td": {"class"}}


class Reader(HTMLParser):
    """Notes what a browser would be told to do."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def read(html: str) -> list[tuple[str, dict[str, str | None]]]:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader.tags


def assert_harmless(html: str) -> None:
    for tag, attributes in read(html):
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES.get(tag, set())
        if tag == "a":
            assert (attributes["href"] or "").lower().startswith(("http://", "https://", "mailto:"))
            assert attributes["rel"] == "noopener nofollow"


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a <b onclick=alert(1)>c</b> <!-- x --> <?php ?> <![CDATA[x]]>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x) [y](file:///etc/passwd) [z](//evil.example) [w](/logout)",
    "<javascript:alert(1)> <data:text/html,x>",
    "![x](javascript:alert(1)) ![y](data:image/svg+xml,x)",
    '[x](https://a.example "\\" onmouseover=alert(1) x=\\"")',
    "[x]: javascript:alert(1)\n\n[x]",
    '```"><script>alert(1)</script>\ncode\n```',
    '|a|b|\n|:-|-:|\n|<script>|"><img onerror=x>|',
    "[![x](https://a.example/b.png)](https://c.example)",
    '![a" onerror="x](https://a.example/x.png)',
]


@pytest.mark.parametrize("text", ATTACKS)
def test_attacks_become_text(text: str) -> None:
    assert_harmless(Markdown().render(text))


SIGNS = ["[", "](", ")", "![", "<", ">", "&", '"', "'", "`", "```", "*", "_", "|", "~~", "\\", "#", "- ", "    "]
WORDS = ["\n", "\n\n", "javascript:", "https://a", "\x00", "\u2028", "href=", "|-|", "<a ", "\ud83d"]
PIECES = st.sampled_from([*ATTACKS, *SIGNS, *WORDS])


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.text(max_size=5), max_size=25))
def test_whatever_is_written_is_harmless(pieces: list[str]) -> None:
    assert_harmless(Markdown().render("".join(pieces)))


def test_what_people_write_is_shown_as_they_mean_it() -> None:
    html = Markdown().render("**12** of `40`, see [log](https://a.example/x?a=1&b=2)\n\n|a|b|\n|:-|-:|\n|1|2|")
    assert '<strong>12</strong> of <code>40</code>, see <a href="https://a.example/x?a=1&amp;b=2"' in html
    assert '<td class="to-left">1</td>' in html
    assert '<td class="to-right">2</td>' in html


def test_images_become_links_and_within_a_link_their_text() -> None:
    html = Markdown().render("![shot](https://a.example/s.png) [![badge](https://b.example/b.svg)](https://c.example)")
    assert [attributes["href"] for tag, attributes in read(html) if tag == "a"] == [
        "https://a.example/s.png",
        "https://c.example",
    ]
    assert ">shot</a>" in html
    assert ">badge</a>" in html


def test_a_very_long_text_is_cut_and_says_so() -> None:
    html = Markdown(text_max=100).render("word " * 100)
    assert html.count("word") == 20
    assert "left out" in html


def test_what_was_rendered_is_kept_in_bounded_memory() -> None:
    markdown = Markdown()
    for number in range(300):
        markdown.render(f"{number} " + "x" * 60_000)
    assert markdown._kept_size <= 8 * 1024 * 1024
    assert len(markdown._kept) < 100
