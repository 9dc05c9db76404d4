"""What a route gets and gives: a request that was checked, and an answer.

`application` makes requests of WSGI environments; handlers (`reads`, `commands`, `stream`) return answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from policyd.api.codes import RequestError
from policyd.text import one_of, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from policyd.api.port import Agent
    from policyd.api.snapshot import Snapshot

JSON, NDJSON = "application/json", "application/x-ndjson"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

_MAX_FIELDS = 64


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter.  `values` are those that it may have (any if empty), `number` whether it is one."""

    name: str
    explain: str
    values: tuple[str, ...] = ()
    number: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request.  `name` is the part of the path in braces, `query` holds only parameters that the route has.

    `gone()` tells whether the client has hung up.
    """

    agent: Agent
    snapshot: Snapshot
    name: str = ""
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    gone: Callable[[], bool] = lambda: False

    def one(self, name: str, default: str = "") -> str:
        """Return a parameter that stands once."""
        return self.query.get(name, (default,))[-1]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    body: bytes
    media: str = JSON
    status: int = 200


@dataclass(frozen=True, slots=True)
class Endless:
    """An answer without an end: chunks, and what lets go of them."""

    chunks: Iterable[bytes]
    close: Callable[[], None]
    media: str = NDJSON


def answer_json(value: Any, status: int = 200) -> Answer:
    """Return structs, dicts and lists as JSON."""
    return Answer(msgspec.json.encode(value) + b"\n", status=status)


def answer_items(items: Iterable[Any]) -> Answer:
    """Return a list as every list leaves: `{"items": […]}`."""
    return answer_json({"items": list(items)})


def parse_query(text: str, known: tuple[Parameter, ...]) -> dict[str, tuple[str, ...]]:
    """Return the parameters of a query string; `RequestError` for what the route does not have."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise RequestError(f"the query is not of the form name=value&name=value: {error}") from None
    by_name = {parameter.name: parameter for parameter in known}
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        parameter = by_name.get(name)
        if parameter is None:
            expected = one_of(by_name) or "none"
            raise RequestError(f"there is no parameter {quote(name)} here; known: {expected}")
        _check(parameter, value, repeated=name in found)
        found[name] = (*found.get(name, ()), value)
    return found


def _check(parameter: Parameter, value: str, *, repeated: bool) -> None:
    if repeated and not parameter.many:
        raise RequestError(f"{parameter.name} stands more than once")
    if parameter.values and value not in parameter.values:
        raise RequestError(f"{parameter.name} is {one_of(parameter.values)}, not {quote(value)}")
    if parameter.number and not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise RequestError(f"{parameter.name} is a number, not {quote(value)}")
