"""Releases and packages: what was made of a commit that is told by its tag, or hardly."""

from tisktask_common.events import Change
from tisktask_common.git_names import TITLE_LENGTH_MAX, Branch, FolderName, one_line, sha_or_none
from tisktask_common.pull_requests import Loose, Person, login
from tisktask_common.trigger_events import canonical_action
from tisktask_ingest import words
from tisktask_ingest.forges.payload import TAGS, Home, default_branch, default_ref
from tisktask_ingest.outcome import Ignored, Outcome, Triggered

#: Its tag may be gone, or is not there any more.
_WITHOUT_TAG = {"deleted", "unpublished"}


class Release(Loose):
    """A release: a tag with words."""

    tag_name: Branch
    name: str | None = None
    draft: bool | None = None
    author: Person | None = None


class ReleaseDelivery(Loose):
    """Something happened to a release."""

    action: FolderName
    release: Release
    sender: Person | None = None
    repository: Home | None = None


class PackageVersion(Loose):
    """One version of a package."""

    version: str | None = None
    target_oid: str | None = None


class Package(Loose):
    """A package."""

    name: str | None = None
    package_version: PackageVersion | None = None


class PackageDelivery(Loose):
    """Something happened to a package."""

    action: FolderName
    package: Package
    sender: Person | None = None
    repository: Home | None = None


def read_release(body: bytes) -> Outcome:
    """Describe a release: what is built is what its tag names."""
    delivery = ReleaseDelivery.model_validate_json(body)
    release = delivery.release
    action = canonical_action("release", delivery.action)
    if release.draft and action not in _WITHOUT_TAG:
        return Ignored(words.DRAFT_RELEASE)
    return Triggered(
        Change(
            event="release",
            action=action,
            sha="",
            ref=f"{TAGS}{release.tag_name}",
            fetch_ref=default_ref(delivery.repository) if action in _WITHOUT_TAG else None,
            tag=release.tag_name,
            actor=login(delivery.sender, release.author),
            title=one_line(release.name, TITLE_LENGTH_MAX) or one_line(release.tag_name, TITLE_LENGTH_MAX),
            default_branch=default_branch(delivery.repository),
        )
    )


def read_package(body: bytes) -> Outcome:
    """Describe a package. Of containers GitHub tells the commit sometimes."""
    delivery = PackageDelivery.model_validate_json(body)
    version = delivery.package.package_version or PackageVersion()
    ref = default_ref(delivery.repository)
    return Triggered(
        Change(
            event="package",
            action=canonical_action("package", delivery.action),
            sha=sha_or_none(version.target_oid) or "",
            ref=ref,
            branch=default_branch(delivery.repository),
            actor=login(delivery.sender),
            title=one_line(f"{delivery.package.name or ''} {version.version or ''}", TITLE_LENGTH_MAX),
            default_branch=default_branch(delivery.repository),
        )
    )
