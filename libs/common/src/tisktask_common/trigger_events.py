"""Which events of the forges mean something to CI, as data: their folders below `.tisktask/`, and what runs when.

Ingest names triggers by it, the runner finds folders by it, and `docs/events.md` is generated from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


class Cause(Enum):
    """Who can make an event happen: decides whose runs are vetted."""

    #: Only those who may write to the repository.
    WRITERS = auto()
    #: Whoever may read it; but its own commits were pushed by those who may write.
    READERS = auto()
    #: Whoever may comment; and it is their words that decide what is done with the commit.
    COMMENTERS = auto()


@dataclass(frozen=True)
class Action:
    """One thing that happens, by the name that it has on all forges."""

    name: str
    meaning: str
    #: Other names of its folder: the words of other forges.
    also: tuple[str, ...] = ()
    #: Folders of wider meaning that run for it, too.
    within: tuple[str, ...] = ()
    #: Files directly in the event's folder run for it, too.
    is_direct: bool = False
    #: It brings a commit that may be new: a forge may wait for the result before it merges anything.
    brings_commit: bool = False

    @property
    def folders(self) -> tuple[str, ...]:
        return (self.name, *self.also, *self.within)


@dataclass(frozen=True)
class Kind:
    """An event: a folder, and where on each forge it comes from."""

    event: str
    meaning: str
    #: Which commit is built.
    commit: str
    github: str
    #: Forgejo and Gitea; empty: they have nothing like it.
    forgejo: str
    actions: tuple[Action, ...] = ()
    #: For actions that are not listed, or none: files directly in the folder run.
    is_direct: bool = True
    #: A run without an action brings a commit.
    brings_commit: bool = False
    #: The folder whose files run if this one does not exist.
    instead: str | None = None
    #: Where the names of further actions come from.
    further: str = ""
    cause: Cause = Cause.WRITERS


def _direct(name: str, meaning: str, *also: str) -> Action:
    return Action(name, meaning, also, is_direct=True)


def _commit(name: str, meaning: str, *also: str) -> Action:
    return Action(name, meaning, also, is_direct=True, brings_commit=True)


def _own(name: str, meaning: str, *also: str) -> Action:
    return Action(name, meaning, also)


_PULL_REQUEST = (
    _commit("opened", "it was opened"),
    _commit("synchronize", "its head has new commits, or others", "synchronized"),
    _commit("reopened", "it was opened again"),
    _own("closed", "it was closed; `TISKTASK_PULL_REQUEST_MERGED` says whether it was merged"),
    _own("edited", "its title, text or target branch was changed"),
    _own("ready_for_review", "it is no draft any more (Forgejo and Gitea: its title lost `WIP:`)"),
    _own("converted_to_draft", "it became a draft (Forgejo and Gitea: its title got `WIP:`)"),
    _own("labeled", "it got a label (Forgejo: or lost one)", "label_updated"),
    _own("unlabeled", "it lost a label (Forgejo: all of them)", "label_cleared"),
    _own("assigned", "somebody was assigned"),
    _own("unassigned", "somebody is not assigned any more"),
    _own("milestoned", "it was added to a milestone"),
    _own("demilestoned", "it was taken from its milestone"),
    _own("review_requested", "somebody is asked for a review"),
    _own("review_request_removed", "somebody is not asked any more"),
    _own("locked", "comments were locked"),
    _own("unlocked", "comments were unlocked"),
    _own("auto_merge_enabled", "it is to be merged when its checks have passed"),
    _own("auto_merge_disabled", "it is not to be merged by itself any more"),
    _own("enqueued", "it was put into the merge queue"),
    _own("dequeued", "it was taken from the merge queue"),
)

#: Of any new review: GitHub's word and Forgejo's.
_SUBMITTED = ("submitted", "reviewed")
_REVIEW = (
    Action("approved", "a review approves", (), _SUBMITTED, is_direct=True),
    Action("changes_requested", "a review asks for changes", ("rejected",), _SUBMITTED, is_direct=True),
    Action("commented", "a review says neither", ("comment",), _SUBMITTED, is_direct=True),
    _own("dismissed", "a review was dismissed"),
    _own("edited", "the text of a review was changed"),
)

_RELEASE = (
    _direct("published", "a release was published, for the first time or out of a draft"),
    _own("created", "it was created"),
    _own("released", "it is no pre-release any more, or never was one"),
    _own("prereleased", "a pre-release was published"),
    _own("edited", "its text was changed", "updated"),
    _own("unpublished", "it was made a draft again"),
    _own("deleted", "it was deleted"),
)

KINDS: tuple[Kind, ...] = (
    Kind(
        "push",
        "a branch has new commits, others, or is new",
        "the branch's new head",
        "`push` of a branch",
        "`push` of a branch",
        brings_commit=True,
    ),
    Kind(
        "tag",
        "a tag was pushed",
        "the commit that the tag names, also if it is annotated",
        "`push` of a tag",
        "`push` of a tag",
        brings_commit=True,
        instead="push",
    ),
    Kind(
        "delete",
        "a branch or a tag was deleted",
        "the default branch's head",
        "`delete`",
        "`delete`",
        (_direct("branch", "a branch was deleted"), _direct("tag", "a tag was deleted")),
    ),
    Kind(
        "pull_request",
        "something happened to a pull request",
        "the pull request's head",
        "`pull_request`",
        "`pull_request`",
        _PULL_REQUEST,
        is_direct=False,
        further="other actions of the forge have the forge's name",
        cause=Cause.READERS,
    ),
    Kind(
        "pull_request_review",
        "somebody has reviewed a pull request",
        "the commit that was reviewed",
        "`pull_request_review`",
        "`pull_request_approved`, `pull_request_rejected`, `pull_request_comment`",
        _REVIEW,
        is_direct=False,
        cause=Cause.READERS,
    ),
    Kind(
        "issue_comment",
        "a comment on a pull request gives a command: its first line begins with `/` and a name",
        "the pull request's head",
        "`issue_comment`, created",
        "`issue_comment`, created",
        further="the command: `/retest` runs `issue_comment/retest/`, `/Deploy-To prod` `issue_comment/deploy_to/`",
        cause=Cause.COMMENTERS,
    ),
    Kind(
        "release",
        "something happened to a release",
        "the commit of the release's tag; of a deleted one the default branch's head",
        "`release`",
        "`release`",
        _RELEASE,
        is_direct=False,
    ),
    Kind(
        "merge_group",
        "a merge queue wants to know whether what it has put together is good",
        "the head of the queue's branch",
        "`merge_group` (GitHub Apps only)",
        "",
        (_commit("checks_requested", "checks are wanted"),),
        is_direct=False,
    ),
    Kind(
        "workflow_dispatch",
        "somebody has started a workflow by hand at the forge; its inputs are `TISKTASK_INPUT_*`",
        "the head of the branch or tag that was chosen",
        "`workflow_dispatch` (GitHub Apps only)",
        "",
        further="the workflow file's name without its ending",
    ),
    Kind(
        "repository_dispatch",
        "a program has asked the forge for a run; `client_payload` is in the payload",
        "the default branch's head",
        "`repository_dispatch` (GitHub Apps only)",
        "",
        further="the `event_type` that the program gave",
    ),
    Kind(
        "package",
        "a package of the repository was published",
        "the commit that the package was made of if the forge says it, else the default branch's head",
        "`package`",
        "`package` comes without the repository, and is ignored",
        (_direct("published", "a package, or a version of it, was published"), _own("updated", "it was changed")),
        is_direct=False,
    ),
)

#: What a re-run button sends: no folder, the commit's runs run again.
RERUN_EVENTS = ("check_run", "check_suite")

#: Deliveries that build nothing, and why.
IGNORED: Mapping[str, str] = {
    "ping": "the forge tries the webhook: it is answered",
    "create": "a new branch or tag comes as a push too; the push is what is built",
    "fork": "somebody has forked the repository",
    "status": "a status was set: it may be Tisktask's own",
    "repository": "nothing is built; of a repository that was renamed or transferred, the new name is learnt",
    "pull_request_review_comment": "a remark on a line; the review that it belongs to comes by itself",
    "pull_request_review_thread": "a discussion was resolved or opened again",
    "issues": "an issue has no commit",
    "workflow_run": "the forge's own CI",
    "workflow_job": "the forge's own CI",
    "action_run_success": "the forge's own CI",
    "action_run_failure": "the forge's own CI",
    "action_run_recover": "the forge's own CI",
    "meta": "the webhook itself was deleted",
    "installation": "the GitHub App was installed or removed",
    "installation_repositories": "the GitHub App may see other repositories",
    "public": "the repository became public",
    "wiki": "the wiki has no jobs",
}

_BY_EVENT: Mapping[str, Kind] = {kind.event: kind for kind in KINDS}


@dataclass(frozen=True)
class Folders:
    """Where the programs of a trigger are, below `.tisktask/`."""

    #: Files directly in the event's folder run.
    is_direct: bool
    #: Folders in it, of the action.
    of_action: tuple[str, ...]
    #: The folder that is used where the event has none.
    instead: str | None = None


def folders_of(event: str, action: str | None) -> Folders:
    """Say where the programs of an event are. Events that are not in the table have a folder, and one per action."""
    kind = _BY_EVENT.get(event)
    instead = kind.instead if kind else None
    # An action is one folder name: anything else would reach into other folders.
    if not action or "/" in action:
        return Folders(is_direct=True, of_action=(), instead=instead)
    if found := _find(kind, action):
        return Folders(found.is_direct, found.folders, instead)
    return Folders(kind is None or kind.is_direct, (action,), instead)


def canonical_action(event: str, action: str) -> str:
    """Give an action the one name that it has on all forges."""
    found = _find(_BY_EVENT.get(event), action)
    return found.name if found else action


def cause_of(event: str) -> Cause:
    """Say who can make it happen; of what is not in the table, the least is believed."""
    return _BY_EVENT[event].cause if event in _BY_EVENT else Cause.COMMENTERS


def brings_commit(event: str, action: str | None) -> bool:
    """Tell whether the trigger is about a commit as such: then its result always shows at the commit.

    Others (a label, a comment) have something to show only where there are programs for them.
    """
    kind = _BY_EVENT.get(event)
    found = _find(kind, action)
    if found:
        return found.brings_commit
    return kind is None or (kind.brings_commit and not action)


def _find(kind: Kind | None, action: str | None) -> Action | None:
    if kind is None or not action:
        return None
    return next((one for one in kind.actions if action in (one.name, *one.also)), None)
