"""A rule's message at one place: its expressions as columns of the rule's events, and the text with their numbers.

What an event shows anyway is taken from there; what it does not, is added as a hidden column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.effect import Message
from policyd.expression import Blank, Node, parse, path_of, root_of, split
from policyd.layout import Column, Layout
from policyd.resolve.columns import MOST_COLUMNS, packed_from
from policyd.resolve.problems import Complaints, Missing, Wrong, complain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.policy import Rule
    from policyd.resolve.columns import Columns
    from policyd.resolve.fields import Fields
    from policyd.value import Value


def with_message(rule: Rule, event: Columns, fields: Fields, complaints: Complaints) -> tuple[Columns, Message | None]:
    """Return an event with the columns that the rule's message needs, and the message; none if the rule has none."""
    if not rule.message:
        return event, None
    columns, values = list(event[0].columns), list(event[1])
    parts: list[str | int] = []
    uses: dict[str, None] = {}
    lets = {let.name: let.value for let in rule.let}
    at = (*rule.at, "message")
    for part in split(rule.message):
        if isinstance(part, str):
            parts.append(part)
            continue
        try:
            number = _column(part, columns, values, fields)
        except Missing as missing:
            for one in missing.each:
                one.offset = part.offset + (one.offset or 0)
            complain(complaints, at, missing)
            continue
        parts.append(number)
        uses |= dict.fromkeys(_paths(parse(part.text), fields, lets))
        uses |= {} if columns[number].hidden else {columns[number].name: None}
    if len(columns) > MOST_COLUMNS:
        message = f"{len(columns)} columns with those of the message, an event has at most {MOST_COLUMNS}"
        complaints.append((at, Wrong("too-many-columns", message)))
    return (Layout(tuple(columns)), tuple(values)), Message(tuple(parts), tuple(uses))


def _column(part: Blank, columns: list[Column], values: list[Value], fields: Fields) -> int:
    """Return the number of the column that shows what `part` is worth, a new one if there is none."""
    value = fields.value(part.text)
    known = next((number for number, one in enumerate(values) if one == value), None)
    if known is not None:
        return known
    columns.append(packed_from(Column(f"{{{part.text}}}", value.type, value.path, hidden=True), fields))
    values.append(value)
    return len(values) - 1


def _paths(node: Node, fields: Fields, lets: dict[str, str]) -> Iterator[str]:
    """Yield the paths of fields that an expression is made of, in the place of a `let` name those of its own."""
    path = path_of(node)
    if path in lets:
        yield from _paths(parse(lets[path]), fields, {name: text for name, text in lets.items() if name != path})
    elif not path:
        for child in node.children:
            yield from _paths(child, fields, lets)
    elif fields.is_field(root_of(node)):
        yield path
