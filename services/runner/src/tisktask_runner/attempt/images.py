"""The image of a job on this host: found by its key, or made of the commit; else what that means for the attempt."""

import platform
from dataclasses import dataclass
from pathlib import Path

from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import JobSpec, Program
from tisktask_runner import words
from tisktask_runner.attempt.outcome import Outcome, errored, failed
from tisktask_runner.engine.model import ImageConfig
from tisktask_runner.engine.pods import Engine
from tisktask_runner.image.build import BuildOrder, ensure_image
from tisktask_runner.image.default import ensure_default_image
from tisktask_runner.image.host import BuildHost, call_podman, image_name
from tisktask_runner.image.key import ImagePlan
from tisktask_runner.image.outcomes import BuildErrored, BuildFailed, BuildTimedOut, NotBuilt, Ready
from tisktask_runner.image.pull import NotPulled, pull_image
from tisktask_runner.image.reference import is_private, names_an_image
from tisktask_runner.image.room import make_room
from tisktask_runner.image.use import ImageUse, pulling

#: Part of every key: an image that was built for another machine is another image.
PLATFORM = f"linux/{platform.machine()}"
_PULL_SECONDS_MAX = 600.0


@dataclass(frozen=True)
class PartedNetwork:
    """Parts RUN lines from this host and from everybody else, as jobs are."""

    engine: Engine

    async def make(self) -> str:
        return await self.engine.build_network() or "none"

    async def remove(self) -> None:
        await self.engine.remove_build_network()


@dataclass
class Images:
    """Where images are and are made."""

    engine: Engine
    host: BuildHost
    #: Image of programs without a build file, by its name; empty: made of the archive.
    default_image: str
    default_archive: Path
    use: ImageUse
    _loaded_default: str = ""

    async def find(self, program: Program) -> str | None:
        """Name the program's image if it is on this host. One short question: the way of almost every job."""
        if program.image:
            await self.use.note_pulled(program.image)
            return program.image if await self.engine.has_image(program.image) else None
        if program.image_key:
            await self.use.note(program.image_key)
        name = image_name(program.image_key) if program.image_key else self.default_image or self._loaded_default
        return name if name and await self.engine.has_image(name) else None

    async def has(self, plan: ImagePlan) -> bool:
        await self.use.note(plan.key)
        return await self.engine.has_image(image_name(plan.key))

    async def ensure_default(self) -> str | Outcome:
        """Have the default image: from the archive, or from the registry that its name says."""
        name = self.default_image or self._loaded_default
        await self.use.note_pulled(name)
        if name and await self.engine.has_image(name):
            return name
        if not self.default_image:
            loaded = await ensure_default_image(self.host, self.default_archive)
            if isinstance(loaded, BuildErrored):
                return errored(loaded.reason)
            self._loaded_default = loaded.image
            return loaded.image
        async with pulling(self.use, self.engine, [name]):
            pulled = await call_podman(self.host, "pull", "--quiet", name, seconds_max=_PULL_SECONDS_MAX)
        return name if pulled.exit_code == 0 else errored(words.default_image_missing(name, pulled.error))

    async def fetch(self, name: str) -> NotPulled | None:
        """Have an image by its name, as a job asks for it."""
        async with pulling(self.use, self.engine, [name]):
            return await pull_image(self.host, name)

    async def config(self, name: str) -> ImageConfig | None:
        """Read how an image wants to run that a job asks for by its name; None: it has to be fetched."""
        await self.use.note_pulled(name)
        return await self.engine.image_config(name)

    async def make(self, plan: ImagePlan, context: Path, log_path: Path) -> Ready | Outcome:
        """Build the image (once on this host, however many ask for it), or pull it."""
        if await self.has(plan):
            return Ready(image_name(plan.key), plan.key, built=False, seconds=0)
        await self.use.begin(plan.key)
        # Not those that something decides about which Podman alone knows: the platform it builds for.
        names = [name for name in plan.images if names_an_image(name) and not is_private(name)]
        async with pulling(self.use, self.engine, names):
            made = await ensure_image(self.host, BuildOrder(plan, context, log_path))
        return made if isinstance(made, Ready) else outcome_of_build(made)

    async def remove_unused(self, age_seconds: float) -> int:
        """Remove images that were not used for so long. A job that wants one again makes or pulls it again."""
        await self.use.drop_never_pulled(self.engine)
        return await self.use.remove_unused(self.engine, age_seconds)

    async def make_room(self, bytes_max: int) -> int:
        """Remove images of ours, those first that were used longest ago, until all take no more than so much."""
        return await make_room(self.use, self.engine, bytes_max)


def image_scope(spec: JobSpec) -> str:
    """Name with whom a run's images are shared; empty: with all trusted runs. Every repository has a pull request 1."""
    return f"{spec.repository.id} {spec.cache_scope}" if spec.cache_scope else ""


def outcome_of_build(refusal: NotBuilt) -> Outcome:
    match refusal:
        case BuildFailed():
            return failed(refusal.reason)
        case BuildTimedOut():
            return Outcome(JobState.TIMED_OUT, refusal.reason)
        case BuildErrored():
            return errored(refusal.reason)
