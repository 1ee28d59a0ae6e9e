"""What earlier versions have said is still understood, and what later ones will say in addition does no harm."""

import importlib.util
import json
import typing
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from tisktask_common import job_requests, rpc
from tisktask_common.events import EVENT

FOLDER = Path(__file__).with_name("said_before")
_SPEC = importlib.util.spec_from_file_location("said_before", Path(__file__).parents[2] / "tools" / "said_before.py")
assert _SPEC and _SPEC.loader
said_before = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(said_before)

REQUESTS = {kind.subject_name: kind for kind in said_before.requests()}
EVENTS = sorted((FOLDER / "events").glob("*.json"))


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def messages() -> list[Any]:
    """Each message that was said before, with the model that has to understand it."""
    found: list[Any] = []
    for path in EVENTS:
        said = read(path)
        found.append(pytest.param(type(EVENT.validate_python(said)), said, id=path.stem))
    for path in sorted((FOLDER / "requests").glob("*.json")):
        kind, said = REQUESTS[path.stem], read(path)
        found.append(pytest.param(kind, said["request"], id=f"{path.stem} request"))
        found.append(pytest.param(kind.reply_type, said["reply"], id=f"{path.stem} reply"))
    notices = (rpc.StopOrder, job_requests.News, job_requests.ChannelMessage)
    found += [pytest.param(n, read(FOLDER / "notices" / f"{n.__name__}.json"), id=n.__name__) for n in notices]
    return found


def test_each_kind_of_message_has_a_sample() -> None:
    assert {name for name in said_before.samples() if not (FOLDER / name).exists()} == set()


@pytest.mark.parametrize(("kind", "said"), messages())
def test_what_was_said_before_is_understood_and_nothing_of_it_is_lost(kind: type[BaseModel], said: Any) -> None:
    understood = json.loads(kind.model_validate_json(json.dumps(said)).model_dump_json())
    assert_holds(understood, said)


@pytest.mark.parametrize(("kind", "said"), messages())
def test_fields_of_a_later_version_do_no_harm(kind: type[BaseModel], said: Any) -> None:
    later = grown(kind, said)
    assert later != said
    assert kind.model_validate_json(json.dumps(later)) == kind.model_validate_json(json.dumps(said))


def assert_holds(understood: Any, said: Any) -> None:
    """All that was said is there, in its place; there may be more."""
    if isinstance(said, dict):
        assert isinstance(understood, dict)
        for name, value in said.items():
            assert name in understood, name
            assert_holds(understood[name], value)
    elif isinstance(said, list):
        assert len(understood) == len(said)
        for one, other in zip(understood, said, strict=True):
            assert_holds(one, other)
    else:
        assert understood == said


def grown(kind: type[BaseModel], said: dict[str, Any]) -> dict[str, Any]:
    """The message as a later version could say it: with one field more in each of its values."""
    more = {name: _grown(kind.model_fields[name].annotation, value) for name, value in said.items()}
    return more | {"field_of_tomorrow": {"deep": ["value"]}}


def _grown(annotation: Any, value: Any) -> Any:
    models = [
        one
        for one in (annotation, *typing.get_args(annotation))
        if isinstance(one, type) and issubclass(one, BaseModel)
    ]
    if not models:
        return value
    return [grown(models[0], one) for one in value] if isinstance(value, list) else grown(models[0], value)
