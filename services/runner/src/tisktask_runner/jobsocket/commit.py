"""Finds programs and plans images in the job's commit, off the event loop; remembers what was found."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from tisktask_common.rpc import Policy, Program
from tisktask_runner.image.key import plan_build, plan_image
from tisktask_runner.jobsocket.programs import CommitFiles, ImageSource, find_build_file, find_program
from tisktask_runner.jobsocket.spawn_order import SpawnOrder
from tisktask_runner.source.own_thread import in_own_thread

FoundT = TypeVar("FoundT")

#: Programs and build files that are remembered; one job that starts a thousand children asks for few.
_REMEMBERED_MAX = 256

#: Lists the commit's files, with the text of a build file of any name; raises CommandError.
ReadFiles = Callable[[str | None], Awaitable[CommitFiles]]
#: Reads what the program at a path says about how it wants to be run; raises CommandError.
ReadPolicy = Callable[[CommitFiles, str], Awaitable[Policy]]


@dataclass
class Commit:
    """The commit that a job belongs to, for finding what its children are made of."""

    read: ReadFiles
    read_policy: ReadPolicy
    platform: str
    #: Image of the job itself: its command lines run in the same.
    own_image: ImageSource
    #: Of the images: with whom they are shared.
    scope: str = ""
    _found: dict[Hashable, object] = field(default_factory=dict[Hashable, object])
    #: Of many that ask for the same at once, one looks.
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def resolve(self, order: SpawnOrder) -> Program:
        """Make the program that an order means; raises CommandError."""
        path, image, policy = "", self.own_image, Policy()
        if order.shell is None:
            path, image, policy = await self._remembered(("program", order.program), lambda: self._find(order.program))
        if order.image:
            image = ImageSource(image=order.image)
        elif asked := order.build_file:
            image = await self._remembered(("build file", asked), lambda: self._plan(asked))
        return Program(
            name=order.name,
            path=path,
            build_file=image.build_file,
            image_key=image.image_key,
            image=image.image,
            shell=order.shell,
            arguments=order.arguments,
            policy=order.policy_over(policy),
        )

    async def _find(self, asked: str) -> tuple[str, ImageSource, Policy]:
        files = await self.read(None)

        def find() -> tuple[str, ImageSource]:
            path = find_program(files, asked)
            return path, ImageSource.planned(plan_image(files.listing, path, self.platform, self.scope))

        path, image = await in_own_thread("program", find)
        return path, image, await self.read_policy(files, path)

    async def _plan(self, asked: str) -> ImageSource:
        files = await self.read(None)
        path = await in_own_thread("build-file", lambda: find_build_file(files, asked))
        if path not in files.listing.texts:
            files = await self.read(path)

        def plan() -> ImageSource:
            return ImageSource.planned(plan_build(files.listing, path, self.platform, self.scope))

        return await in_own_thread("plan", plan)

    async def _remembered(self, key: Hashable, find: Callable[[], Awaitable[FoundT]]) -> FoundT:
        async with self._alone:
            if key not in self._found:
                found = await find()
                while len(self._found) >= _REMEMBERED_MAX:
                    del self._found[next(iter(self._found))]
                self._found[key] = found
            return self._found[key]  # type: ignore[return-value] - the key tells the kind
