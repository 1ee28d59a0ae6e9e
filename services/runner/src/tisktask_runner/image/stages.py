"""The stages of a build file, and which names in it mean an image instead of one of them. Pure."""

import re

from tisktask_runner.image.build_arguments import read_arguments, substitute, without_quotes

#: Stages have lower numbers.
_NUMBER = re.compile(r"[0-9]{1,6}")
#: What a stage can be called.
_STAGE = re.compile(r"[a-z][a-z0-9_.-]*")


class Stages:
    """What was read so far. An argument counts where Podman knows it: before the first stage, or in its own."""

    def __init__(self) -> None:
        self._names = {"scratch"}
        self._begun = 0
        self._before: dict[str, str] = {}
        self._here: dict[str, str] = {}

    def declare(self, rest: str) -> None:
        """Take what stands behind an ARG. In a stage one without a value has that which it got before all stages."""
        if self._begun:
            inherited = {name: self._before[name] for name in rest.split() if name in self._before}
            self._here |= inherited | read_arguments(rest, self._here)
        else:
            self._before |= read_arguments(rest, self._before)

    def begin(self, words: list[str]) -> str | None:
        """Begin the stage of a FROM; returns the image that it builds on, `None`: an earlier stage."""
        base = self._image(substitute(words[0], self._before))
        self._begun += 1
        self._here = {}
        if len(words) >= 3 and words[1].lower() == "as" and _STAGE.fullmatch(words[2].lower()):
            self._names.add(words[2].lower())
        return base

    def fill_in(self, flag: str) -> str:
        """Read a flag of an instruction as Podman does."""
        return without_quotes(substitute(flag, self._here))

    def source(self, name: str) -> str | None:
        """Give the image that files are taken from, `None`: an earlier stage, which may be told by its number."""
        is_number_of_earlier = _NUMBER.fullmatch(name) and int(name) < self._begun - 1
        return None if is_number_of_earlier else self._image(name)

    def _image(self, name: str) -> str | None:
        return None if name.lower() in self._names else name
