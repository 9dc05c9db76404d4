"""What differs between two documents, a line a place: `spec.rules[open].filters[0].value: 53 → 853`.

Pure; `diff` prints it.  List items that have a `name` are told apart by it, plain values by themselves, others by position.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_SHOWN = 12
"""Values of one list that are shown as added or removed; the rest is counted."""

_NOTHING = object()


def document_changes(old: object, new: object, path: str = "") -> Iterator[str]:
    """Yield a line for each difference, in the order of the new document."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*new, *(key for key in old if key not in new)]:
            yield from document_changes(
                old.get(key, _NOTHING), new.get(key, _NOTHING), f"{path}.{key}" if path else str(key)
            )
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_changes(old, new, path)
    elif old is _NOTHING:
        yield f"{path}: added: {_short(new)}"
    elif new is _NOTHING:
        yield f"{path}: removed (was {_short(old)})"
    else:
        yield f"{path}: {_short(old)} → {_short(new)}"


def _list_changes(old: list[Any], new: list[Any], path: str) -> Iterator[str]:
    if all(isinstance(item, str) for item in (*old, *new)):
        yield from _value_changes(old, new, path)
        return
    by_name = _have_names(old) and _have_names(new)
    before, after = (_keyed(items, by_name) for items in (old, new))
    for key in [*after, *(key for key in before if key not in after)]:
        yield from document_changes(before.get(key, _NOTHING), after.get(key, _NOTHING), f"{path}[{key}]")
    if by_name and list(before) != list(after) and set(before) == set(after):
        yield f"{path}: another order"


def _have_names(items: list[Any]) -> bool:
    """Whether each item has a name of its own."""
    names = [str(item["name"]) for item in items if isinstance(item, dict) and "name" in item]
    return len(set(names)) == len(items)


def _keyed(items: list[Any], by_name: bool) -> dict[object, object]:
    return {item["name"]: item for item in items} if by_name else dict(enumerate(items))


def _value_changes(old: list[str], new: list[str], path: str) -> Iterator[str]:
    before, after = set(old), set(new)
    signed = [f"+{value}" for value in new if value not in before] + [f"-{value}" for value in old if value not in after]
    if not signed:
        yield f"{path}: another order"
        return
    more = len(signed) - MAX_SHOWN
    yield f"{path}: {' '.join(signed[:MAX_SHOWN])}" + (f" and {more} more" if more > 0 else "")


def _short(value: object) -> str:
    """Return a value on one line, flow style, cut at a length that still tells what it is."""
    text = _flow(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return "null" if value is None else str(value) or '""'
