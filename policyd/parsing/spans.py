"""The hook `span`: starts, ends and cancels, each a hook with a `key` and `filters` beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.document import Mapping, Node, Scalar, Sequence
from policyd.parsing.filters import read_filters
from policyd.parsing.tables import read_given, read_one_given
from policyd.policy import FirstOf, SpanHook, SpanSide
from policyd.vocabulary.hooks import LATER_HOOKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from policyd.errors import Path
    from policyd.parsing.reader import Keys, Reader
    from policyd.policy import Given, Hook

    ReadHook = Callable[[Reader, Node, Path], Hook | None]

SIDES = {"start": "the start", "end": "the end", "cancel": "the cancel"}
SIDE_KEYS = ("key", "filters")
SPAN_KEYS = (*SIDES, "keep", "maxEntries", "evict")
EXAMPLE = "as {span: {start: {HOOK, key: process.tid}, end: {HOOK, key: process.tid}}}"


def read_span(reader: Reader, node: Node, path: Path, kinds: Iterable[str], read_hook: ReadHook) -> SpanHook | None:
    """Return the span that `node` spells, or None and problems; `read_hook` reads a hook of one of `kinds`."""
    keys = reader.keys(node, path, "the hook `span`", SPAN_KEYS, hint=EXAMPLE)
    if keys is None:
        return None
    values: dict[str, object] = {key: keys.text(key) for key in ("keep", "maxEntries", "evict")}
    known = (*kinds, FirstOf.kind)
    for side in SIDES:
        values[side] = _sides(keys, side, known, read_hook)
        if values[side] is None and side != "cancel" and side not in keys.bad:
            keys.missing(side, EXAMPLE)
    return reader.build(SpanHook, keys, values)


def _sides(keys: Keys, side: str, kinds: tuple[str, ...], read_hook: ReadHook) -> tuple[SpanSide, ...] | None:
    """Return the hooks of one side: each of a list, or the only one."""
    node, path = keys.get(side), keys.below(side)
    if node is None:
        return None
    items = (
        [(item, (*path, index)) for index, item in enumerate(node.items)] if isinstance(node, Sequence) else [(node, path)]
    )
    if not items:
        keys.fail(side, "missing-key", f"`{side}` of a span needs at least one hook", EXAMPLE)
        return None
    read = [_side(keys.reader, item, below, SIDES[side], kinds, read_hook) for item, below in items]
    found = tuple(one for one in read if one is not None)
    return keys.note(side, node, found if len(found) == len(read) else None)


def _side(reader: Reader, node: Node, path: Path, noun: str, kinds: tuple[str, ...], read_hook: ReadHook) -> SpanSide | None:
    what = f"{noun} of a span"
    if isinstance(node, Mapping) and node.get(SpanHook.kind) is not None:
        reader.report("conflicting-keys", "a span cannot hold another span", node, path, "write two rules")
        return None
    keys = reader.keys(node, path, what, (*kinds, *SIDE_KEYS), LATER_HOOKS, EXAMPLE)
    if keys is None or keys.misspelled or keys.bad:
        return None
    if all(item[0].text in SIDE_KEYS for item in keys.node.items):
        reader.report(
            "missing-key", f"{what} needs a hook beside its `key`", node, path, "as {syscall: read, key: process.tid}"
        )
        return None
    plain = Mapping(tuple(item for item in keys.node.items if item[0].text not in SIDE_KEYS), keys.node.position)
    hook = read_hook(reader, plain, path)
    key = _key(keys)
    if key is None and "key" not in keys.bad:
        keys.missing("key", "what both ends have in common: key: process.tid")
    filters = keys.get("filters")
    read = keys.note("filters", filters, read_filters(reader, filters, keys.below("filters")) if filters else None)
    if hook is None:
        return None
    return reader.build(SpanSide, keys, {"hook": hook, "key": key, "filters": read})


def _key(keys: Keys) -> tuple[Given, ...] | None:
    """Return the columns of a key: one expression, a list of them, or names for them."""
    node = keys.get("key")
    if isinstance(node, Scalar):
        one = read_one_given(keys.reader, "", node, keys.below("key"))
        return keys.note("key", node, (one,) if one is not None else None)
    found = read_given(keys, "key")
    if found == ():
        keys.fail("key", "missing-key", "the key of a span needs a column", "as key: process.tid")
        return None
    return found
