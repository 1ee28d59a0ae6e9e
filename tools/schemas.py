"""Writes `schemas/`: a JSON Schema for each event and an AsyncAPI document. `--check` only compares."""

import json
import sys
from pathlib import Path
from typing import Any, get_args

import yaml

from tisktask_common.events import AnyEvent, Event
from tisktask_common.subjects import EVENTS, STREAMS

FOLDER = Path(__file__).resolve().parents[1] / "schemas"


def main() -> int:
    """Write what is missing or old; with --check say it and fail."""
    wanted = documents()
    actual = {path.relative_to(FOLDER).as_posix(): path.read_text() for path in FOLDER.rglob("*") if path.is_file()}
    if wanted == actual:
        print(f"schemas: {len(wanted)} files match the code")
        return 0
    differing = sorted(name for name in wanted.keys() | actual.keys() if wanted.get(name) != actual.get(name))
    if "--check" in sys.argv:
        print("schemas/ does not match the code; run `make schemas`:\n  " + "\n  ".join(differing))
        return 1
    for name in differing:
        path = FOLDER / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[name])
        else:
            path.unlink()
    print(f"schemas: wrote {len(differing)} files")
    return 0


def documents() -> dict[str, str]:
    """Map the file names below schemas/ to their text."""
    kinds = event_types()
    schemas = {type_name(kind): kind.model_json_schema(mode="serialization") for kind in kinds}
    files = {f"events/{name}.json": json.dumps(schema, indent=2) + "\n" for name, schema in schemas.items()}
    return files | {"asyncapi.yaml": yaml.safe_dump(asyncapi(kinds), sort_keys=False, allow_unicode=True, width=120)}


def event_types() -> list[type[Event]]:
    """List the members of the union of all events."""
    return list(get_args(get_args(AnyEvent)[0]))


def type_name(kind: type[Event]) -> str:
    """Name an event as its `type` field does."""
    return str(kind.model_fields["type"].default)


def asyncapi(kinds: list[type[Event]]) -> dict[str, Any]:
    """Describe the subjects that anyone may subscribe to."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tisktask events",
            "version": "1",
            "description": "Everything that happens in Tisktask, on NATS. Stream "
            f"{EVENTS.name} keeps it for {EVENTS.kept_seconds // 86400} days. "
            "Delivery is at least once: drop what you have seen by `id`. "
            f"Other streams ({', '.join(s.name for s in STREAMS if s is not EVENTS)}) are internal.",
        },
        "defaultContentType": "application/json",
        "channels": {type_name(kind): channel(kind) for kind in kinds},
        "operations": {
            f"receive-{type_name(kind)}": {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{type_name(kind)}"},
                "summary": summary(kind),
            }
            for kind in kinds
        },
        "components": {
            "messages": {
                type_name(kind): {
                    "name": type_name(kind),
                    "title": summary(kind),
                    "contentType": "application/json",
                    "payload": {"$ref": f"./events/{type_name(kind)}.json"},
                }
                for kind in kinds
            }
        },
    }


def channel(kind: type[Event]) -> dict[str, Any]:
    """Describe one subject and its routing tokens."""
    name = type_name(kind)
    tokens = ["runner"] if "runner" in kind.model_fields and "repository" not in kind.model_fields else []
    tokens = tokens or ["forge", "owner", "repository"]
    return {
        "address": ".".join([name, *(f"{{{token}}}" for token in tokens)]),
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "parameters": {
            token: {"description": f"the {token}, with =XX for what a subject can not hold"} for token in tokens
        },
    }


def summary(kind: type[Event]) -> str:
    """Take the first line of the event's docstring."""
    return (kind.__doc__ or "").strip().splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
