"""Reads the files of a job's commit as values: fetches what is missing, and makes a damaged mirror anew."""

from dataclasses import dataclass

from tisktask_common.rpc import JobSpec
from tisktask_runner.attempt.workshop import Workshop
from tisktask_runner.source.listing import FILES_MAX, read_listing
from tisktask_runner.source.mirror import fetch_commit
from tisktask_runner.source.outcomes import CheckoutFailed, Fetched, NotFetched
from tisktask_runner.source.tree import Listing


@dataclass(frozen=True)
class CommitRead:
    """The commit and its files."""

    fetched: Fetched
    listing: Listing


async def read_commit(
    shop: Workshop, spec: JobSpec, build_file: str | None = None
) -> CommitRead | NotFetched | CheckoutFailed:
    """Fetch and list; a mirror that turns out to be damaged is made anew, once."""
    is_damaged = False
    while True:
        fetched = await fetch_commit(shop.mirrors, shop.wanted_commit(spec), is_mirror_damaged=is_damaged)
        if not isinstance(fetched, Fetched):
            return fetched
        listing = await read_listing(fetched.mirror, fetched.sha, FILES_MAX, build_file)
        if not isinstance(listing, CheckoutFailed):
            return CommitRead(fetched, listing)
        if is_damaged or not listing.is_mirror_damaged:
            return listing
        is_damaged = True
