"""Header comments are read from the commit: of programs alone, also through links; mistakes are named all together."""

from pathlib import Path

from git_server import File, GitRepository, link, plain, program
from tisktask_common.rpc import Policy
from tisktask_runner.source.listing import read_listing
from tisktask_runner.source.mirror import Mirrors, WantedCommit, fetch_commit
from tisktask_runner.source.outcomes import CheckoutFailed, Fetched
from tisktask_runner.source.policies import FILE_BYTES_MAX, HeaderMistakes, read_policies
from tisktask_runner.source.tree import Listing


async def read(tmp_path: Path, object_format: str, files: dict[str | bytes, File], *paths: str) -> object:
    repository = GitRepository.create(tmp_path / "repository", object_format)
    sha = repository.commit(files)
    wanted = WantedCommit("local", "o/r", str(repository.path), sha, "refs/heads/main")
    fetched = await fetch_commit(Mirrors(tmp_path / "mirrors"), wanted)
    assert isinstance(fetched, Fetched)
    listing = await read_listing(fetched.mirror, sha)
    assert isinstance(listing, Listing)
    return await read_policies(fetched.mirror, listing, paths)


async def test_a_program_is_read_also_through_a_link(tmp_path: Path, object_format: str) -> None:
    header = "#!/bin/sh\n# tisktask: retries=2\n"
    files = {
        ".tisktask/push/a": program(header),
        ".tisktask/push/b": link("../tools/b"),
        ".tisktask/tools/b": program("#!/usr/bin/env node\n// tisktask: timeout=1m\n"),
        ".tisktask/push/c": program("#!/bin/sh\n"),
        ".tisktask/push/big": program(header + "x" * FILE_BYTES_MAX),
        "README": plain("# tisktask: nonsense\n"),
    }
    found = await read(tmp_path, object_format, files, *(f".tisktask/push/{name}" for name in ("a", "b", "c", "big")))
    assert found == {
        ".tisktask/push/a": Policy(retries=2),
        ".tisktask/push/b": Policy(seconds_max=60),
        ".tisktask/push/c": Policy(),
        ".tisktask/push/big": Policy(),
    }


async def test_all_mistakes_of_all_programs_are_named_and_each_once(tmp_path: Path, object_format: str) -> None:
    wrong = "#!/bin/sh\n# tisktask: retrys=2 on=no\n"
    files = {f".tisktask/push/{number}": program(wrong) for number in range(4)} | {"link": link(".tisktask/push/0")}
    found = await read(tmp_path, object_format, files, *(f".tisktask/push/{number}" for number in range(4)), "link")
    assert isinstance(found, HeaderMistakes)
    assert found.mistakes[:2] == (
        ".tisktask/push/0:2: retrys is no setting: did you mean retries?",
        ".tisktask/push/0:2: on=no is neither lost nor an exit code from 1 to 255",
    )
    assert len(found.mistakes) == 8
    assert found.reason.endswith("; and 3 more.")


async def test_a_mirror_that_is_gone_is_said(tmp_path: Path) -> None:
    listing = Listing("tree", (), {})
    assert isinstance(await read_policies(tmp_path / "none", listing, []), CheckoutFailed)
