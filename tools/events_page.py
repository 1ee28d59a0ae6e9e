# ruff: noqa: E501 - lines of the page
"""Writes `docs/events.md`, the table of all events that make runs, from the code. `--check` only compares."""

import sys
from collections.abc import Iterator
from pathlib import Path

from tisktask_common.trigger_events import IGNORED, KINDS, Action, Kind

PAGE = Path(__file__).resolve().parents[1] / "docs" / "events.md"
HEAD = """# Events

Made from the code by `make schemas`. What a forge sends becomes an *event*, most often with an *action*; both have the same names on
all forges. Executable files in `.tisktask/<event>/` and `.tisktask/<event>/<action>/` are the jobs. A folder may have any of the
names that its line gives: `pull_request/synchronize/` and `pull_request/synchronized/` mean the same, on every forge.

Two folders are not about forges: [`manual/`](jobs.md#runs-by-hand-and-inputs) and [`schedule/`](jobs.md#schedules).

Files directly in `.tisktask/<event>/` run for the actions that are marked *runs files of the event's folder*, and where there is
no action; the other actions run only what their own folder holds.
"""
TAIL = """## Re-runs

`check_run` and `check_suite` with the action `rerequested` (GitHub Apps only: the buttons *Re-run*) have no folder: the newest
ended runs of that commit run again, as with `tisktask run rerun`; for a single check only what had not succeeded.

## What builds nothing

These are answered with `202`, and the answer says why nothing is built. Other events that are not named on this page, too.

| delivery | why |
|---|---|"""
REST = """
## From where which data comes

| | |
|---|---|
| commit | of a push `head_commit` (of an annotated tag the commit, not the tag object), of a pull request its head. Where the forge does not say it (`delete`, `release`, GitHub's comments, dispatches), a runner looks it up in the repository, and the run begins as soon as it is known; the page of the repository shows what waits for that, and what has failed |
| compared with | of a push what the branch was at before, of a pull request the head of its target branch, of a merge group what it is to be merged into |
| fork | the head is in another repository, or in one that is gone; on Forgejo and Gitea also AGit pull requests (`git push origin HEAD:refs/for/main`): whoever may read may make those |
| who | who did it (`sender`): not the author of the pull request, but who has pushed to it, labelled it or commented |
| repository | found by its name, else by the number that its forge gave it: one that was renamed or transferred goes on under its new name. In each case the delivery must be signed with that repository's secret |

The command `/ok-to-test` is reserved: it [lets a waiting run run](security.md#runs-of-strangers), and has no folder.

A webhook that `tisktask repo add` makes tells of all that has a folder, but for GitHub's *Packages*: tick those in its settings, they stay
ticked. In the settings of one that you set up by hand choose the events that you have folders for. On GitHub: pushes, branch or tag
deletion, pull requests, pull request reviews, issue comments, releases, packages, and repositories (for new names). On Forgejo and
Gitea: push, delete, release, and all of pull requests, their comments and reviews included.

Both content types of webhooks are taken, `application/json` and forms (GitHub's API makes the latter unless told otherwise).

GitHub sends no webhook for a push of more than three tags at once, and none for more than 5000 branches. Events that say *GitHub Apps
only* never come to a webhook that was set up in a repository's settings.
"""


def main() -> int:
    """Write the page if it is old; with --check say it and fail."""
    wanted = "\n".join(page())
    if PAGE.exists() and PAGE.read_text() == wanted:
        print("events: the page matches the code")
        return 0
    if "--check" in sys.argv:
        print(f"docs/{PAGE.name} does not match the code; run `make schemas`")
        return 1
    PAGE.write_text(wanted)
    print("events: wrote the page")
    return 0


def page() -> Iterator[str]:
    """Yield the page's lines."""
    yield HEAD
    yield "| folder | when | commit | GitHub | Forgejo, Gitea |"
    yield "|---|---|---|---|---|"
    for kind in KINDS:
        name = f"[`{kind.event}/`](#{kind.event})" if kind.actions or kind.further else f"`{kind.event}/`"
        instead = f"; without such a folder `{kind.instead}/`" if kind.instead else ""
        yield f"| {name} | {kind.meaning} | {kind.commit}{instead} | {kind.github} | {kind.forgejo or 'nothing'} |"
    yield ""
    for kind in KINDS:
        if kind.actions or kind.further:
            yield from section(kind)
    yield TAIL
    yield from (f"| `{name}` | {why} |" for name, why in IGNORED.items())
    yield REST


def section(kind: Kind) -> Iterator[str]:
    """Yield the actions of one event."""
    yield f"## {kind.event}\n"
    if kind.actions:
        yield "| action, and its folder | also | when | runs files of the event's folder |"
        yield "|---|---|---|---|"
        yield from map(row, kind.actions)
    if kind.further:
        yield ("\n" if kind.actions else "") + f"Actions: {kind.further}."
        yield f"Files directly in `{kind.event}/` {'run for all of them' if kind.is_direct else 'do not run for those'}."
    yield ""


def row(action: Action) -> str:
    """Write one action."""
    also = ", ".join(f"`{name}/`" for name in (*action.also, *action.within))
    return f"| `{action.name}/` | {also} | {action.meaning} | {'yes' if action.is_direct else ''} |"


if __name__ == "__main__":
    sys.exit(main())
