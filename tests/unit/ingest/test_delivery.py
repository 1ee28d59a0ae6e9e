"""How a delivery is cut for the bus and kept on disk."""

import random

import zstandard

from ingest_payloads import SHA
from tisktask_common.events import Change, Repository
from tisktask_common.ids import RepositoryId
from tisktask_common.subjects import MESSAGE_BYTES_MAX
from tisktask_ingest.delivery import CHUNK_BYTES, Source, chunk_messages, from_file, pack, to_file
from tisktask_ingest.outcome import Triggered

REPOSITORY = Repository(id=RepositoryId("repo_1"), forge="github", full_name="octo/app")
CHANGE = Change(event="push", sha=SHA, ref="refs/heads/main")
#: More than two messages even when compressed.
LARGE = random.Random(7).randbytes(2 * CHUNK_BYTES + 1)


def test_the_chunks_together_are_the_payload() -> None:
    packed = pack(Source(REPOSITORY, "d-1", "push"), Triggered(CHANGE), LARGE)
    messages = list(chunk_messages(packed))
    assert len(messages) == packed.event.payload_chunks == 3
    assert zstandard.ZstdDecompressor().decompress(b"".join(message.data for message in messages)) == LARGE
    assert packed.event.payload_bytes == len(LARGE)
    trigger = packed.event.trigger_id
    assert [message.subject for message in messages] == [f"delivery.{trigger}.{number}" for number in range(3)]
    assert [message.message_id for message in messages] == [f"{trigger}:{number}" for number in range(3)]
    assert all(len(message.data) < MESSAGE_BYTES_MAX for message in messages)


def test_the_same_delivery_makes_the_same_ids_and_another_makes_others() -> None:
    first, again, other = (
        pack(Source(REPOSITORY, delivery, "push"), Triggered(CHANGE), b"{}") for delivery in ("d-1", "d-1", "d-2")
    )
    assert first.event.id == again.event.id == first.event.trigger_id
    assert other.event.id != first.event.id


def test_a_delivery_comes_back_from_disk_as_it_was() -> None:
    packed = pack(Source(REPOSITORY, "d-1", "push"), Triggered(CHANGE), LARGE)
    assert from_file(to_file(packed)) == packed


def test_a_damaged_file_is_noticed() -> None:
    data = bytearray(to_file(pack(Source(REPOSITORY, "d-1", "push"), Triggered(CHANGE), LARGE)))
    data[-1] ^= 1
    assert from_file(bytes(data)) is None
    assert from_file(b"") is None
    assert from_file(bytes(data[:100])) is None
