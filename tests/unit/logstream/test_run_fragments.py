"""Pages of runs and jobs: what is on them, and that nothing of what jobs say gets out of its place."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from logstream_runs import AT, make_job, make_note, make_run
from tisktask_common.ids import JobId, RunId
from tisktask_logstream.log_names import LogName
from tisktask_logstream.run_view import JobInRun
from tisktask_logstream.web.run_fragments import JobFragments, RunFragments
from tisktask_logstream.web.templates import Templates

RUNS = RunFragments(Templates())
EVIL = "</div></script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}"


class Text(HTMLParser):
    """What a person reads, and the elements around it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[str] = []
        self.attributes: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    @property
    def all(self) -> str:
        return " ".join(self.words)


def job_page(folder: Path, found: JobInRun, container: str = "") -> str:
    shown = LogName(RunId(found.run.id), JobId(found.job.id), 1, container)
    return JobFragments(RUNS.templates, folder, shown).page(found)


def test_a_run_shows_its_tree_with_titles_marks_and_what_jobs_say() -> None:
    build = make_job("build", state="running", status_text="half of it")
    lint = make_job("lint", build, title="Lint all", may_fail=True, is_detached=True, state="failed", exit_code=2)
    gpu = make_job("train", build, state="queued", labels=["gpu", "big"])
    read = Text(RUNS.page(make_run(make_job("prepare", kind="prepare"), build, lint, gpu))).all
    for words in ("build half of it", "Lint all lint may fail detached", "exit 2", "Checkout and image"):
        assert words in read
    assert "waits for a runner with the labels gpu, big" in read


def test_children_that_are_not_part_of_a_state_are_told_of() -> None:
    done = make_job("build", state="succeeded", result="failed", started_at=AT, finished_at=AT)
    other = make_job("test", state="succeeded", result=None, started_at=AT, finished_at=AT)
    read = Text(RUNS.page(make_run(done, other, make_job("x", other, state="running")))).all
    assert "with the jobs that it has started: failed" in read
    assert "jobs that it has started have not" in read


def test_many_children_are_counted() -> None:
    build = make_job("build")
    shards = [make_job(f"shard#{i}", build, state="failed" if i < 2 else "succeeded") for i in range(200)]
    page = RUNS.page(make_run(build, *shards))
    assert "200 jobs: 198 succeeded, 2 failed" in Text(page).all
    assert page.count("job-row") < 20
    rest = Text(RUNS.jobs(make_run(build, *shards), build.id, 0)).all
    assert "shard#199" in rest
    assert "shard#1 " not in rest


def test_annotations_come_with_the_gravest_first_and_lead_to_the_forge() -> None:
    job = make_job("lint")
    notes = [
        make_note(job, "only a *notice*"),
        make_note(job, "`x` is not used", level="error", file="src/a b.py", line=12),
        make_note(job, "climbs", level="warning", file="../../etc/passwd", line=1),
    ]
    page = RUNS.page(make_run(job, notes=notes))
    assert page.index("is not used") < page.index("climbs") < page.index("<em>notice</em>")
    assert 'href="https://forge.example/acme/shop/blob/abab/src/a%20b.py#L12"' in page
    assert "../../etc/passwd:1</code>" in page
    assert 'href="https://forge.example/acme/shop/blob/abab/.' not in page


def test_very_many_annotations_are_folded() -> None:
    job = make_job("lint")
    run = make_run(job, notes=[make_note(job, f"note {i}!") for i in range(120)])
    page = RUNS.page(run)
    assert ("note 49!" in page, "note 50!" in page, "70 more" in page) == (True, False, True)
    assert "note 99!" in RUNS.notes(run, 50)
    assert "note 119!" in RUNS.notes(run, 100)


def test_nothing_that_jobs_or_commits_say_becomes_an_element(tmp_path: Path) -> None:
    values = {"title": EVIL, "status_text": EVIL, "summary": EVIL, "reason": EVIL, "shell": EVIL, "labels": [EVIL]}
    jobs = [make_job(EVIL, state=state, **values) for state in ("running", "queued", "failed")]
    notes = [make_note(jobs[0], EVIL, file=EVIL, line=3), make_note(jobs[0], EVIL, file="a/b")]
    run = make_run(*jobs, notes=notes, title=EVIL, reason=EVIL, warnings=[EVIL], branch=EVIL, actor=EVIL)
    for page in (RUNS.page(run), *(job_page(tmp_path, JobInRun(run, job, jobs[0])) for job in jobs)):
        text = Text(page)
        assert "alert(1)" in text.all
        assert "{{ 7*7 }}" in text.all
        assert "img" not in text.elements
        assert text.elements.count("script") <= 2
        assert not [name for name in text.attributes if name.startswith("on")]
        assert "style" not in text.attributes


def test_a_job_page_has_a_tab_for_each_container_of_the_attempt(tmp_path: Path) -> None:
    job = make_job("test")
    folder = tmp_path / "run_1"
    folder.mkdir()
    for name in (f"{job.id}.1.log", f"{job.id}.1.postgres.log", f"{job.id}.1.redis.log", f"{job.id}.2.old.log"):
        (folder / name).touch()
    page = job_page(tmp_path, JobInRun(make_run(job), job, None), "redis")
    assert f'<a href="/jobs/{job.id}?attempt=1">Job</a>' in page
    assert f'<a href="/jobs/{job.id}?attempt=1&amp;container=redis" aria-current="page">redis</a>' in page
    assert "container=postgres" in page
    assert "container=old" not in page


@pytest.mark.parametrize("state", ["queued", "running", "succeeded"])
def test_parts_that_have_not_changed_are_the_same_bytes(state: str) -> None:
    job = make_job("build", state=state)
    before = dict(RUNS.parts(make_run(job)))
    after = dict(RUNS.parts(make_run(job, revision=9, reason="because")))
    assert [key for key in before if before[key] != after[key]] == ["run-head"]
