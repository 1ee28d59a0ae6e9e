"""Reading what a client sent; what is wrong with it is said field by field."""

import json
import re
from typing import Any, TypeVar, cast

from aiohttp import web
from pydantic import BaseModel, ValidationError

from tisktask_common.errors import UserError
from tisktask_logstream import words

ModelT = TypeVar("ModelT", bound=BaseModel)
_NOT_TEXT = re.compile(r"[\x00\ud800-\udfff]")


class BadRequestError(UserError):
    """The request is malformed."""

    code = "bad_request"


class UnsupportedMediaTypeError(UserError):
    """The body is not JSON."""

    code = "unsupported_media_type"


def read_query(request: web.Request, model: type[ModelT]) -> ModelT:
    values = dict(request.query)
    if len(values) != len(request.query):
        raise BadRequestError("a query parameter was given twice")
    return read_values("query parameter", values, model)


async def read_optional_body(request: web.Request, model: type[ModelT]) -> ModelT:
    """Read a body that may be left out, with all that is in it."""
    return await read_body(request, model) if request.can_read_body else model()


async def read_body(request: web.Request, model: type[ModelT]) -> ModelT:
    if request.content_type != "application/json":
        raise UnsupportedMediaTypeError(words.NOT_JSON)
    raw = await request.read()
    try:
        values = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(words.NOT_JSON) from error
    if not isinstance(values, dict):
        raise BadRequestError(words.NOT_JSON)
    return read_values("field", values, model)


async def read_form(request: web.Request, model: type[ModelT]) -> ModelT:
    return read_values("field", dict(await request.post()), model)


def read_values(where: str, values: dict[str, Any], model: type[ModelT]) -> ModelT:
    """Make a model of what was sent; raises BadRequestError with the name of what is wrong."""
    try:
        made = model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        # The values stay out of the message: one of them may be a secret.
        raise BadRequestError(
            words.invalid_field(where, field[:80], first["msg"].removeprefix("Value error, "))
        ) from None
    for name, value in values.items():
        if not is_storable(value):
            raise BadRequestError(words.invalid_field(where, name[:80], words.NOT_TEXT))
    return made


def is_storable(value: object) -> bool:
    """Tell whether all text in it can be kept as text: PostgreSQL knows no NUL, UTF-8 no halves of characters."""
    match value:
        case str():
            return not _NOT_TEXT.search(value)
        case dict():
            return all(is_storable(one) for pair in cast("dict[str, object]", value).items() for one in pair)
        case list():
            return all(map(is_storable, cast("list[object]", value)))
        case _:
            return True
