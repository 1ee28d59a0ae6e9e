"""Why a run waits for approval, or is restricted, printed for people; and what to do."""

from typing import Any

from tisktask_cli.output import ago, printable

_PROGRAMS_MAX = 20
_CHANGES = {
    True: "it changes .tisktask/: what would run is not what its target branch has",
    False: "it does not change .tisktask/; what its programs build and test may be changed",
    None: "whether it changes .tisktask/ is not known: take it that it does",
}


def print_trust(run: dict[str, Any]) -> None:
    """Print it, if the run was vetted."""
    trust = run.get("trust")
    if not trust:
        return
    if run["state"] == "awaiting_approval":
        _print_waiting(run, trust)
    else:
        marks = ["restricted"] if trust["is_restricted"] else []
        marks += (
            [f"approved by {trust['decided_by']} {ago(trust['decided_at'])}"] if trust["state"] == "approved" else []
        )
        if marks:
            print(printable(f"  {', '.join(marks)}: {trust['why']}"))
    if trust["note"]:
        print(printable(f"  note: {trust['note']}"))


def _print_waiting(run: dict[str, Any], trust: dict[str, Any]) -> None:
    pull = f" (pull request #{run['pull_request']})" if run.get("pull_request") is not None else ""
    print(f"  waits for approval since {ago(trust['held_at'])}; nothing of it has run")
    print(printable(f"  why     {trust['why']}"))
    print(printable(f"  by      {run['actor'] or 'not known'}{pull}"))
    print(f"  commit  {run['sha']}")
    programs = trust["programs"]
    more = f" and {len(programs) - _PROGRAMS_MAX} more" if len(programs) > _PROGRAMS_MAX else ""
    print(printable(f"  jobs    {', '.join(programs[:_PROGRAMS_MAX])}{more}"))
    print(f"  look    {_CHANGES[trust['changes_programs']]}")
    print(f"  tisktask run approve {run['id']}    lets this commit run, with these jobs")
    print(f"  tisktask run decline {run['id']}    ends it")
