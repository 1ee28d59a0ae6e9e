"""What a commit relies on and Tisktask does not fetch."""

from tisktask_runner.source.tree import FILE, LINK, SUBMODULE, Entry, Listing
from tisktask_runner.source.unsupported import unsupported_warnings


def listing(*entries: Entry, texts: dict[str, str] | None = None) -> Listing:
    return Listing("0" * 40, entries, texts or {})


def file(path: str) -> Entry:
    return Entry(path, FILE, "1" * 40)


def test_a_commit_with_neither_has_no_warnings() -> None:
    assert unsupported_warnings(listing(file("a"), texts={".gitattributes": "*.txt text\n"})) == []


def test_submodules_are_named_but_not_endlessly() -> None:
    entries = [Entry(f"module{number}", SUBMODULE, "2" * 40) for number in range(7)]
    (warning,) = unsupported_warnings(listing(*entries))
    assert "module0, module1, module2, module3, module4 and 2 more" in warning


def test_files_in_lfs_are_found_by_the_attributes_of_their_folder() -> None:
    texts = {".gitattributes": "*.bin filter=lfs diff=lfs\n", "media/.gitattributes": "/*.png -text filter=lfs\n"}
    entries = [
        file("a.bin"),
        file("media/b.png"),
        file("media/deep/c.png"),
        file("d.png"),
        Entry("e.bin", LINK, "3" * 40),
    ]
    (warning,) = unsupported_warnings(listing(*entries, texts=texts))
    assert "a.bin, media/b.png will be small pointer files" in warning


def test_attributes_that_no_file_has_do_not_warn() -> None:
    assert unsupported_warnings(listing(file("a.txt"), texts={".gitattributes": "*.bin filter=lfs\n"})) == []


def test_a_submodule_whose_name_is_no_text_can_be_shown() -> None:
    (warning,) = unsupported_warnings(listing(Entry("m\udcff", SUBMODULE, "2" * 40)))
    assert "m\\udcff" in warning
