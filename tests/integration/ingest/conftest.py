"""One running ingest for all tests of a module that kill nothing."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ingest_payloads import SECRET
from ingest_service import Stack, running_stack


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calm_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path_factory.mktemp("answers")) as running:
        for forge in ("github", "forgejo", "gitea"):
            running.orchestrator.add(forge, "octo/app", SECRET)
        running.orchestrator.add("local", "me/app", SECRET)
        running.orchestrator.add("github", "octo/rotating", "the old one", "the new one")
        running.orchestrator.add("github", "octo/unsigned")
        running.orchestrator.add("github", "octo/empty", "")
        await running.wait_until_all_repositories_are_known()
        yield running
