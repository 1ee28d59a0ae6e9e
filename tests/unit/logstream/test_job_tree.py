"""The tree of a run's jobs: what is shown, what is folded, what a fold hides."""

from logstream_runs import make_job
from tisktask_common.lifecycle import JobState
from tisktask_logstream.rows import JobRecord
from tisktask_logstream.web.job_tree import FOLD_PAGE, ROWS_MAX, JobTree, Node


def names(nodes: list[Node]) -> list[str]:
    return [node.job.name for node in nodes]


def rows(nodes: list[Node]) -> int:
    return sum(1 + rows(node.children) for node in nodes)


def family(children: int, **of_number: dict[str, object]) -> tuple[JobRecord, list[JobRecord]]:
    parent = make_job("build")
    return parent, [make_job(f"c{i}", parent, **of_number.get(f"c{i}", {})) for i in range(children)]


def test_a_few_children_stand_below_their_parent_in_the_order_of_their_creation() -> None:
    parent, children = family(3)
    grandchild = make_job("deep", children[1])
    top = JobTree([parent, *children, grandchild]).top()
    assert names(top.nodes) == ["build"]
    assert names(top.nodes[0].children) == ["c0", "c1", "c2"]
    assert names(top.nodes[0].children[1].children) == ["deep"]
    assert top.fold is None
    assert top.nodes[0].fold is None


def test_of_many_children_the_failed_are_shown_and_the_others_folded() -> None:
    parent, children = family(200, c17={"state": "failed"}, c93={"state": "errored"})
    node = JobTree([parent, *children]).top().nodes[0]
    assert names(node.children) == ["c17", "c93"]
    assert node.fold
    assert (node.fold.total, node.fold.hidden) == (200, 198)
    assert node.fold.by_state == {"succeeded": 198, "failed": 1, "errored": 1}


def test_a_job_whose_descendant_has_failed_is_shown_among_the_failed() -> None:
    parent, children = family(50)
    grandchild = make_job("deep", children[30], state="timed_out")
    node = JobTree([parent, *children, grandchild]).top().nodes[0]
    assert names(node.children) == ["c30"]
    assert names(node.children[0].children) == ["deep"]


def test_what_was_allowed_to_fail_stays_folded() -> None:
    parent, children = family(50, c3={"state": "failed", "may_fail": True})
    node = JobTree([parent, *children]).top().nodes[0]
    assert node.children == []
    assert node.fold
    assert node.fold.hidden == 50


def test_folds_are_opened_page_by_page_and_show_everything_once() -> None:
    parent, children = family(2 * FOLD_PAGE + 52, c17={"state": "failed"})
    seen = names(JobTree([parent, *children]).top().nodes[0].children)
    after: int | None = 0
    while after is not None:
        level = JobTree([parent, *children]).unfold(parent.id, after)
        assert len(level.nodes) <= FOLD_PAGE
        seen += names(level.nodes)
        after = level.fold.after if level.fold else None
    assert sorted(seen) == sorted(job.name for job in children)


def test_the_page_is_bounded_however_the_jobs_branch() -> None:
    jobs = [make_job(f"root{i}") for i in range(20)]
    for _ in range(2):
        jobs += [make_job("x", job) for job in jobs[-200:] for _ in range(10)]
    top = JobTree(jobs).top()
    assert rows(top.nodes) <= ROWS_MAX + 10
    hidden = [node for node in top.nodes if node.has_children and not node.children]
    assert hidden
    assert all(node.fold for node in hidden)


def test_very_many_programs_are_folded_too() -> None:
    jobs = [make_job(f"p{i}") for i in range(1000)]
    top = JobTree(jobs).top()
    assert (top.nodes, top.fold and top.fold.hidden) == ([], 1000)
    assert len(JobTree(jobs).unfold("", 0).nodes) == FOLD_PAGE


def test_a_folds_stamp_changes_with_anything_below_it_and_with_nothing_else() -> None:
    def stamp(*, other: str, deep: str) -> str:
        sibling = job.model_copy(update={"state": JobState(other)})
        below = grandchild.model_copy(update={"status_text": deep})
        fold = JobTree([parent, sibling, *children, below]).top().nodes[0].fold
        assert fold
        return fold.stamp

    parent, children = family(20)
    job, grandchild = make_job("other"), make_job("deep", children[5], state="running")
    assert stamp(other="running", deep="1 of 2") == stamp(other="failed", deep="1 of 2")
    assert stamp(other="running", deep="1 of 2") != stamp(other="running", deep="2 of 2")


def test_a_job_whose_parent_is_not_known_is_shown_at_the_top() -> None:
    assert names(JobTree([make_job("stray", parent_job_id="job_gone")]).top().nodes) == ["stray"]
