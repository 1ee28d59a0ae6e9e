"""Commits are listed from the mirror and written to directories."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from git_server import GitRepository, link, plain, program, submodule
from tisktask_runner.source.checkout import check_out, check_out_wanted
from tisktask_runner.source.discovery import Discovered, discover
from tisktask_runner.source.listing import read_listing
from tisktask_runner.source.mirror import Mirrors, WantedCommit, fetch_commit
from tisktask_runner.source.outcomes import CheckedOut, CheckoutFailed, Fetched
from tisktask_runner.source.tree import Listing
from tisktask_runner.source.unsupported import unsupported_warnings


@pytest.fixture
def repository(tmp_path: Path, object_format: str) -> GitRepository:
    return GitRepository.create(tmp_path / "repository.git", object_format)


async def fetched(repository: GitRepository, sha: str, tmp_path: Path) -> Fetched:
    wanted = WantedCommit("local", "owner/name", str(repository.path), sha, "refs/heads/main")
    outcome = await fetch_commit(Mirrors(tmp_path / "mirrors"), wanted)
    assert isinstance(outcome, Fetched), outcome
    return outcome


async def listed(repository: GitRepository, sha: str, tmp_path: Path) -> Listing:
    listing = await read_listing((await fetched(repository, sha, tmp_path)).mirror, sha)
    assert isinstance(listing, Listing), listing
    return listing


async def test_files_links_and_executable_bits_are_kept(repository: GitRepository, tmp_path: Path) -> None:
    files = {"a/deep/plain": plain("text\r\n"), "run": program("#!/bin/sh\n"), "link": link("a/deep/plain")}
    sha = repository.commit(files | {"ä b": plain(b"\0\xff")})
    mirror = (await fetched(repository, sha, tmp_path)).mirror
    for name in ("one", "two"):
        place = tmp_path / name
        outcome = await check_out(mirror, sha, place)
        assert isinstance(outcome, CheckedOut)
        assert outcome.files == 4
        assert (place / "a/deep/plain").read_bytes() == b"text\r\n"
        assert (place / "ä b").read_bytes() == b"\0\xff"
        assert stat.S_IMODE((place / "run").stat().st_mode) & 0o111
        assert not (place / "ä b").stat().st_mode & 0o111
        assert str((place / "link").readlink()) == "a/deep/plain"
    assert sorted(path.name for path in mirror.iterdir() if "index" in path.name) == []


async def test_a_name_that_is_no_text_is_written_as_it_is(repository: GitRepository, tmp_path: Path) -> None:
    sha = repository.commit({b"\xff\xfe": plain("x")})
    assert isinstance(
        await check_out((await fetched(repository, sha, tmp_path)).mirror, sha, tmp_path / "out"), CheckedOut
    )
    assert [os.fsencode(path.name) for path in (tmp_path / "out").iterdir()] == [b"\xff\xfe"]


async def test_links_out_of_the_tree_are_written_but_never_followed(repository: GitRepository, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    sha = repository.commit({"out": link(str(outside)), "up": link("../.."), "broken": link("nowhere")})
    assert isinstance(
        await check_out((await fetched(repository, sha, tmp_path)).mirror, sha, tmp_path / "out"), CheckedOut
    )
    assert str((tmp_path / "out" / "out").readlink()) == str(outside)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", [b"..", b".git", b".GIT", b".", b"a\\..\\b/../../evil"])
async def test_a_tree_made_by_hand_can_not_reach_out_of_the_directory(
    repository: GitRepository, tmp_path: Path, name: bytes
) -> None:
    sha = commit_of_raw_tree(repository, [(b"100644", name.split(b"/", maxsplit=1)[0])])
    place = tmp_path / "deep" / "out"
    outcome = await check_out((await fetched(repository, sha, tmp_path)).mirror, sha, place)
    assert isinstance(outcome, CheckoutFailed) or b"\\" in name
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]
    assert all(path.resolve().is_relative_to(place) for path in place.rglob("*"))


@pytest.mark.parametrize("kind", [b"40000", b"160000"])
async def test_a_link_and_a_folder_of_one_name_do_not_write_behind_the_link(
    repository: GitRepository, tmp_path: Path, kind: bytes
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    sha = commit_of_raw_tree(repository, [(b"120000", b"a"), (kind, b"a")], target=str(outside))
    await check_out((await fetched(repository, sha, tmp_path)).mirror, sha, tmp_path / "out")
    assert list(outside.iterdir()) == []


def commit_of_raw_tree(repository: GitRepository, entries: list[tuple[bytes, bytes]], target: str = "x") -> str:
    """A commit that git itself would refuse to make."""

    def put(kind: str, content: bytes) -> str:
        return repository.git("hash-object", "-w", "-t", kind, "--stdin", "--literally", stdin=content).strip()

    blob = put("blob", target.encode())
    inner = put("tree", b"100644 inside\0" + bytes.fromhex(blob))
    ids = {b"40000": inner, b"160000": "1" * len(blob)}
    tree = put(
        "tree", b"".join(mode + b" " + name + b"\0" + bytes.fromhex(ids.get(mode, blob)) for mode, name in entries)
    )
    text = f"tree {tree}\nauthor T <t@example.org> 1 +0000\ncommitter T <t@example.org> 1 +0000\n\nx\n"
    sha = put("commit", text.encode())
    repository.git("update-ref", "refs/heads/main", sha)
    return sha


async def test_submodules_and_lfs_files_are_empty_folders_and_pointers_and_warn(
    repository: GitRepository, tmp_path: Path, absent: str
) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n"
    modules = '[submodule "m"]\n\tpath = libs/m\n\turl = https://example.org/m\n'
    files = {"libs/m": submodule(absent), ".gitmodules": plain(modules), "libs/n": plain("n")}
    lfs = {".gitattributes": plain("*.bin filter=lfs diff=lfs merge=lfs -text\n"), "a.bin": plain(pointer)}
    sha = repository.commit(files | lfs)
    listing = await listed(repository, sha, tmp_path)
    warnings = unsupported_warnings(listing)
    assert [
        word for word in ("libs/m will be empty", "a.bin will be small pointer files") if word not in str(warnings)
    ] == []
    mirror = (await fetched(repository, sha, tmp_path)).mirror
    outcome = await check_out(mirror, sha, tmp_path / "out")
    assert isinstance(outcome, CheckedOut), outcome
    assert list((tmp_path / "out" / "libs" / "m").iterdir()) == []
    assert (tmp_path / "out" / "libs" / "n").read_text() == "n"
    assert (tmp_path / "out" / "a.bin").read_text() == pointer


async def test_ten_thousand_files_are_listed_searched_and_written(repository: GitRepository, tmp_path: Path) -> None:
    files = {f"d{number % 100}/f{number}": plain(f"{number}\n") for number in range(9_800)}
    files |= {f".tisktask/push/{number:03}": program("#!/bin/sh\n") for number in range(200)}
    sha = repository.commit(files)
    listing = await listed(repository, sha, tmp_path)
    assert len(listing.entries) == 10_000
    discovered = discover(listing.entries, "push", None)
    assert isinstance(discovered, Discovered)
    assert len(discovered.programs) == 200
    outcome = await check_out((await fetched(repository, sha, tmp_path)).mirror, sha, tmp_path / "out")
    assert isinstance(outcome, CheckedOut)
    assert outcome.files == 10_000
    assert sum(len(names) for _, _, names in os.walk(tmp_path / "out")) == 10_000


async def test_the_listing_tells_programs_scripts_links_and_submodules_apart(
    repository: GitRepository, tmp_path: Path, absent: str
) -> None:
    files = {
        ".tisktask/push/run": program("#!/bin/sh\n"),
        ".tisktask/push/script": plain("#!/bin/sh\n"),
        ".tisktask/push/link": link("run"),
        ".tisktask/Containerfile": plain("FROM a"),
        ".tisktask/push/Dockerfile": link("../../images/Dockerfile"),
        ".tisktask/release/Dockerfile": link("/etc/passwd"),
        "images/Dockerfile": plain("FROM b"),
        "module": submodule(absent),
    }
    listing = await listed(repository, repository.commit(files), tmp_path)
    discovered = discover(listing.entries, "push", None)
    assert isinstance(discovered, Discovered)
    assert [job.name for job in discovered.programs] == ["link", "run"]
    assert "--chmod=+x .tisktask/push/script" in discovered.warnings[0]
    assert listing.texts == {".tisktask/Containerfile": "FROM a", ".tisktask/push/Dockerfile": "FROM b"}


async def test_the_listing_names_the_programs_folder_by_its_content(repository: GitRepository, tmp_path: Path) -> None:
    program_file = {".tisktask/push/run": program("#!/bin/sh\n")}
    first = repository.commit(program_file)
    other = repository.commit(program_file | {"a": plain("x")}, parent=first)
    none = repository.commit({"a": plain("x")}, parent=other)
    expected = repository.git("rev-parse", f"{first}:.tisktask").strip()
    found = [(await listed(repository, sha, tmp_path)).programs_tree for sha in (first, other, none)]
    assert found == [expected, expected, ""]


async def test_a_tree_of_billions_of_files_is_refused_by_listing_and_checkout(
    repository: GitRepository, tmp_path: Path
) -> None:
    blob = repository.git("hash-object", "-w", "--stdin", stdin=b"x").strip()
    tree = repository.git("mktree", stdin="".join(f"100644 blob {blob}\tf{n}\n" for n in range(100)).encode()).strip()
    for _ in range(8):
        tree = repository.git(
            "mktree", stdin="".join(f"040000 tree {tree}\td{n}\n" for n in range(100)).encode()
        ).strip()
    sha = repository.git("-c", "user.name=T", "-c", "user.email=t@example.org", "commit-tree", "-m", "x", tree).strip()
    repository.git("update-ref", "refs/heads/main", sha)
    mirror = (await fetched(repository, sha, tmp_path)).mirror
    refused = await read_listing(mirror, sha, files_max=10_000)
    assert isinstance(refused, CheckoutFailed)
    assert "more files than Tisktask takes (10000)" in refused.reason
    too_large = await check_out(mirror, sha, tmp_path / "out", bytes_max=50_000_000)
    assert isinstance(too_large, CheckoutFailed)
    assert "larger than a checkout may be (50 MB)" in too_large.reason
    assert list((tmp_path / "out").iterdir()) == []


async def test_a_build_file_that_is_too_large_is_refused(repository: GitRepository, tmp_path: Path) -> None:
    sha = repository.commit({".tisktask/Dockerfile": plain("#" * 1_000_001)})
    refused = await read_listing((await fetched(repository, sha, tmp_path)).mirror, sha)
    assert isinstance(refused, CheckoutFailed)
    assert ".tisktask/Dockerfile is larger" in refused.reason


async def test_a_directory_that_can_not_be_written_is_not_the_mirrors_fault(
    repository: GitRepository, tmp_path: Path
) -> None:
    sha = repository.commit({"a/b": plain("x")})
    (tmp_path / "out").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,ro", "none", tmp_path / "out"], check=True)
    try:
        outcome = await check_out((await fetched(repository, sha, tmp_path)).mirror, sha, tmp_path / "out")
    finally:
        subprocess.run(["umount", tmp_path / "out"], check=True)
    assert isinstance(outcome, CheckoutFailed)
    assert not outcome.is_mirror_damaged
    assert "Could not write" in outcome.reason


async def test_objects_that_vanished_are_fetched_again(repository: GitRepository, tmp_path: Path) -> None:
    sha = repository.commit({"a": plain("x"), "b": plain("y")})
    wanted = WantedCommit("local", "owner/name", str(repository.path), sha, "refs/heads/main")
    mirrors = Mirrors(tmp_path / "mirrors")
    mirror = (await fetched(repository, sha, tmp_path)).mirror
    blob = repository.git("rev-parse", f"{sha}:a").strip()
    for pack in (mirror / "objects" / "pack").glob("*.pack"):
        content = pack.read_bytes()
        pack.unlink()
        pack.with_suffix(".idx").unlink()
        subprocess.run(["git", "-C", mirror, "unpack-objects", "-q"], input=content, check=True)
    (mirror / "objects" / blob[:2] / blob[2:]).unlink()
    assert isinstance(await check_out(mirror, sha, tmp_path / "broken"), CheckoutFailed)
    assert isinstance(await check_out_wanted(mirrors, wanted, tmp_path / "out"), CheckedOut)
    assert (tmp_path / "out" / "a").read_text() == "x"
