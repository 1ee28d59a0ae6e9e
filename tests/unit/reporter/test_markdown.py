"""What checks and comments show."""

from hypothesis import given
from hypothesis import strategies as st

from tisktask_reporter.markdown import CHARACTERS_MAX, bounded, job_text, run_text
from tisktask_reporter.said import JOBS_MAX, JobSaid, Remark

URL = "https://ci.example.com/runs/run_1"


def job(name: str, **values: object) -> JobSaid:
    shown = {"title": "", "state": "succeeded", "result": "succeeded", "reason": "", "summary": "", "seconds": None}
    return JobSaid(name=name, **(shown | values))  # type: ignore[arg-type]


def test_a_run_is_a_table_of_its_jobs_and_their_summaries() -> None:
    jobs = [job("lint", result="failed", reason="exit 1", seconds=2.14), job("test", title="Tests", summary="*81 %*")]
    assert run_text("1 of 2 jobs passed in 41 s", jobs, [], URL) == (
        "**1 of 2 jobs passed in 41 s**\n\n"
        "| | job | |\n|---|---|---|\n"
        "| ❌ | lint | failed in 2.1 s: exit 1 |\n"
        "| ✅ | Tests | succeeded |\n\n"
        "### Tests\n\n*81 %*"
    )


def test_names_are_text_and_call_nobody() -> None:
    text = run_text("ok", [job("a|b <img> @ada [x](y) `c`\n# d")], [], URL)
    assert "| ✅ | a\\|b &lt;img&gt; @\u200bada \\[x\\](y) \\`c\\` \\# d | succeeded |" in text


def test_a_job_shows_its_summary_as_it_is_and_its_remarks() -> None:
    text = job_text("passed in 2.1 s", "# Hello", [Remark("warning", "one\ntwo")], URL)
    assert text == "**passed in 2.1 s**\n\n# Hello\n\n> **Warning** one\n> two"


def test_very_many_jobs_are_counted_and_not_listed() -> None:
    text = run_text("ok", [job(f"job{number}") for number in range(JOBS_MAX + 1)], [], URL)
    assert f"| job{JOBS_MAX - 1} |" in text
    assert f"| job{JOBS_MAX} |" not in text
    assert f"more than these {JOBS_MAX}" in text


@given(st.lists(st.text(max_size=100).map(lambda text: text * 700), max_size=4))
def test_nothing_is_longer_than_forges_take(parts: list[str]) -> None:
    assert len(bounded(parts, URL)) <= CHARACTERS_MAX
