"""The OpenAPI document, made of the routes and of the types of their answers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from policyd import __version__
from policyd.api.request import JSON, Answer
from policyd.views import View

if TYPE_CHECKING:
    from policyd.api.request import Parameter, Request
    from policyd.api.routes import Route

Schema = dict[str, Any]

_STATUS_WORDS = {
    200: "Done.",
    202: "Taken.",
    403: "Not allowed here, or for this user.",
    404: "There is none of that name.",
    409: "It cannot be done now.",
    413: "The request is too large.",
    500: "It failed.",
    503: "Not well, or no room for one more.",
}


class Error(View, frozen=True):
    """What went wrong: a sentence for people, a word for programs."""

    error: str
    code: str


def openapi(_: Request) -> Answer:
    """This document."""
    return Answer(_encoded())


@cache
def _encoded() -> bytes:
    return msgspec.json.encode(document()) + b"\n"


def document() -> Schema:
    """Return the document, OpenAPI 3.1."""
    from policyd.api.routes import ROUTES  # noqa: PLC0415 (the table has this route in it)

    kinds = list(dict.fromkeys([Error, *(route.returns for route in ROUTES if route.returns is not None)]))
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    by_kind = dict(zip(kinds, schemas, strict=True))
    paths: Schema = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, by_kind)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "policyd agent",
            "version": __version__,
            "description": "What an agent runs, how it is, and what it shall do. Errors are {error, code}.",
        },
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(route: Route, schemas: dict[Any, Schema]) -> Schema:
    error = {"application/json": {"schema": schemas[Error]}}
    answers = {str(route.status): {"description": _STATUS_WORDS[route.status], "content": _content(route, schemas)}}
    for status in (400, *route.fails):
        health = status == 503 and route.media == JSON
        answers[str(status)] = {
            "description": _STATUS_WORDS.get(status, "The request makes no sense."),
            "content": _content(route, schemas) if health else error,
        }
    named = (
        [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}] if "{name}" in route.path else []
    )
    return {
        "summary": route.explain,
        "description": "At every address." if route.access == "any" else "At the Unix socket only, for root.",
        "operationId": _identifier(route),
        "parameters": [*named, *map(_parameter, route.query)],
        "responses": answers,
    }


def _content(route: Route, schemas: dict[Any, Schema]) -> Schema:
    schema: Schema = {"type": "string"} if route.returns is None else schemas[route.returns]
    if route.many:
        schema = {"type": "object", "required": ["items"], "properties": {"items": {"type": "array", "items": schema}}}
    return {route.media: {"schema": schema}}


def _parameter(parameter: Parameter) -> Schema:
    value: Schema = {"type": "integer", "minimum": 0} if parameter.number else {"type": "string"}
    if parameter.values:
        value["enum"] = list(parameter.values)
    schema = {"type": "array", "items": value} if parameter.many else value
    return {"name": parameter.name, "in": "query", "description": parameter.explain, "schema": schema}


def _identifier(route: Route) -> str:
    words = [word.strip("{}").replace(".", "-") for word in route.path.split("/") if word not in {"", "api", "v1"}]
    return "-".join([route.method.lower(), *words])
