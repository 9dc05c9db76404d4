"""The params of a policy as they are now: what the file says, and what was set by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policyd.record import PolicyRecord


@dataclass(frozen=True, slots=True)
class Parameter:
    """One param.  `origin`: `file`, or `hand` for an override, which `apply` keeps; `file_values` is what it overrides."""

    policy: str
    name: str
    type: str
    values: tuple[str, ...]
    file_values: tuple[str, ...]
    origin: str
    optional: bool


def parameters(record: PolicyRecord, spec: Mapping[str, Any]) -> Iterator[Parameter]:
    """Yield the params that a policy's document declares, with the values that count now."""
    for name, body in (spec.get("params") or {}).items():
        written = _values(body)
        by_hand = record.overrides.get(name)
        yield Parameter(
            policy=record.name,
            name=name,
            type=str(body.get("type", "")),
            values=written if by_hand is None else tuple(by_hand),
            file_values=written,
            origin="file" if by_hand is None else "hand",
            optional=str(body.get("optional", "false")) == "true",
        )


def _values(body: Mapping[str, Any]) -> tuple[str, ...]:
    if body.get("values") is not None:
        return tuple(map(str, body["values"]))
    return (str(body["value"]),) if body.get("value") is not None else ()
