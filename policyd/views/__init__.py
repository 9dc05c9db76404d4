"""The JSON of policyd: the stable shapes that `-o json` prints and the API answers with, as typed structs.

`status` and `health` come in, structs with camelCase keys go out: `kernel` for what the kernel holds, `agent` for what the
agent says of itself.  `plain` makes them into dicts; `msgspec.json` encodes them, and gives their JSON Schema.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec


class View(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What every shape has in common."""


def plain(view: object) -> Any:
    """Return a struct (or a list of them) as dicts, lists, text and numbers."""
    return msgspec.to_builtins(view)


def date(seconds: float) -> str:
    """Return seconds since 1970 as RFC 3339 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
