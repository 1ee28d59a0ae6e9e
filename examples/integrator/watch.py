"""Prints every job that ends. Needs nats-py[nkeys]; `tisktask bus user add watch` makes the credentials."""

import asyncio
import json
import os
from pathlib import Path

import nats


async def main() -> None:
    """Listen for as long as it runs; docs/integrators.md tells how to get what happened meanwhile, too."""
    name = os.environ["NATS_USER"]
    seed = Path(os.environ["NATS_SEED_FILE"]).read_text().strip()
    client = await nats.connect(os.environ["NATS_URL"], nkeys_seed_str=seed, inbox_prefix=f"_INBOX_{name}")
    finished = await client.subscribe("job.finished.>")
    await client.flush()
    print("listening", flush=True)
    async for message in finished.messages:
        event = json.loads(message.data)
        print(event["repository"]["full_name"], event["name"], event["job_state"], event["exit_code"], flush=True)


asyncio.run(main())
