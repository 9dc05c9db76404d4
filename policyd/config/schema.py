"""The agent's configuration as JSON Schema (2020-12), for editors: `policyd schema --kind Agent`.

It describes what a file may spell; what it cannot say (names that clash, sources that wait for each other) is told by
`policyd run --check`.
"""

from __future__ import annotations

from policyd.config.keys import Key, keys
from policyd.config.load import KIND
from policyd.config.model import AgentSpec, Part
from policyd.policy import API_VERSION
from policyd.schema import DIALECT, Schema, metadata_schema, object_schema


def agent_schema() -> Schema:
    """Return the schema of a whole document."""
    envelope = {
        "apiVersion": {"const": API_VERSION},
        "kind": {"const": KIND},
        "metadata": metadata_schema(),
        "spec": _part(AgentSpec),
    }
    return {"$schema": DIALECT, "title": "policyd agent", **object_schema(envelope, tuple(envelope))}


def _part(model: type[Part]) -> Schema:
    rows = keys(model)
    required = tuple(key.name for key in rows if key.required)
    kinds = {"oneOf": [{"required": [kind]} for kind in model.kinds]} if model.kinds else {}
    return object_schema({key.name: {"description": key.explain, **_value(key)} for key in rows}, required, **kinds)


def _value(key: Key) -> Schema:
    if key.part is None:
        return key.schema
    part = _part(key.part)
    return {"type": "array", "items": part} if key.many else part
