"""Lists of values with a name: `spec.lists` of a policy or of a PolicyList, and what they include."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from policyd.document import Mapping, Node, Scalar
from policyd.parsing.reader import with_name
from policyd.policy import Inlined, ValueList
from policyd.text import did_you_mean, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.errors import Path
    from policyd.parsing.reader import Keys, Reader

LIST_KEYS = ("type", "values", "include")


def read_lists(reader: Reader, spec: Keys) -> tuple[ValueList, ...] | None:
    """Return the lists of `spec`; None and problems if some are bad, or include what they cannot."""
    node = spec.get("lists")
    if node is None:
        return None
    path = spec.below("lists")
    if not isinstance(node, Mapping):
        reader.wrong_type(node, path, "a mapping of names to lists", "as {shells: {type: path, values: [/bin/sh]}}")
        return spec.note("lists", node, None)
    reader.lists = tuple(name.text for name, _ in node.items)
    read = [_list(reader, name, body, path) for name, body in node.items]
    found = tuple(one for one in read if one is not None)
    good = len(found) == len(read) and _check_includes(reader, node, found)
    return spec.note("lists", node, found if good else None)


def _list(reader: Reader, name: Scalar, node: Node, path: Path) -> ValueList | None:
    keys = reader.keys(node, (*path, name.text), "a list", LIST_KEYS)
    if keys is None:
        return None
    values = keys.texts("values")
    if not keys.has("values") and not keys.has("include"):
        keys.missing("values", "as values: [/bin/sh, /bin/bash]; an empty list is values: []")
    given = {"name": name.text, "type": keys.text("type"), "values": values, "include": keys.texts("include")}
    return reader.build(ValueList, with_name(keys, name), given)


def read_inlined(reader: Reader, spec: Keys) -> Inlined | None:
    """Return what `spec` says of definitions that were copied into it."""
    node = spec.get("inlined")
    keys = reader.keys(node, spec.below("inlined"), "`inlined`", ("lists", "filters", "fields")) if node else None
    return spec.note("inlined", node, reader.build(Inlined, keys, keys.plain(Inlined)) if keys else None)


# ------------------------------------------------------------------------------------------------ includes


def included(name: str, lists: dict[str, ValueList]) -> Iterator[ValueList]:
    """Yield a list and all that it includes, at any distance, each once."""
    seen = {name}
    names = [name]
    for current in names:
        yield lists[current]
        names += dict.fromkeys(other for other in lists[current].include if other not in seen)
        seen.update(lists[current].include)


def _check_includes(reader: Reader, node: Mapping, lists: tuple[ValueList, ...]) -> bool:
    by_name = {one.name: one for one in lists}
    good = True
    for one in lists:
        for index, other in enumerate(one.include):
            wrong = _wrong(reader, one, other, by_name)
            if wrong is not None:
                good = False
                place, path = _place(node, one, index)
                reader.report(*wrong[:2], place, path, wrong[2])
    return good and _check_cycles(reader, node, by_name)


def _wrong(reader: Reader, one: ValueList, other: str, lists: dict[str, ValueList]) -> tuple[str, str, str] | None:
    """Return code, message and hint of what is wrong with an include."""
    if other not in lists:
        return "unknown-list", f"there is no list {quote(other)}", missing_hint(reader, other, lists)
    if lists[other].type != one.type:
        message = f"list `{one.name}` has the type {one.type}, and `{other}`, which it includes, {lists[other].type}"
        return "list-type", message, ""
    return None


def missing_hint(reader: Reader, name: str, known: Iterable[str]) -> str:
    """Return what to do about a list that is not there."""
    declare = "declare it under `spec.lists`, or give the file of the PolicyList that has it as well (-f)"
    return did_you_mean(name, [*known, *reader.shared.get("lists", ())]) or declare


def _place(node: Mapping, one: ValueList, index: int) -> tuple[Node, Path]:
    """Return the node, and its path, of what a list includes as number `index`."""
    body = node.get(one.name)
    names = body.get("include") if isinstance(body, Mapping) else None
    path = (*one.at, "include")
    if names is None or isinstance(names, Mapping | Scalar):
        return names or node, path
    return names.items[index], (*path, index)


def _check_cycles(reader: Reader, node: Mapping, lists: dict[str, ValueList]) -> bool:
    """Report a cycle, if there is one, beginning with the first of its names."""
    try:
        TopologicalSorter({name: one.include for name, one in lists.items()}).prepare()
    except CycleError as error:
        *ring, _ = reversed(error.args[1])
    else:
        return True
    first = ring.index(min(ring))
    ring = ring[first:] + ring[:first]
    pairs = list(zip(ring, [*ring[1:], ring[0]], strict=True))
    places = [_place(node, lists[one], lists[one].include.index(other)) for one, other in pairs]
    text = ", which".join(
        f" includes `{other}` ({place.position})" for (_, other), (place, _) in zip(pairs, places, strict=True)
    )
    reader.report("list-cycle", f"list `{ring[0]}`{text}", *places[0])
    return False
