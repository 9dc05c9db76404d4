"""The output `stacks`: a map whose key has the stacks themselves, and the update that a rule makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.effect import MetricOutput
from policyd.layout import Column, Layout
from policyd.maps import MapClass, MapSpec
from policyd.resolve.lists import BPF_F_NO_PREALLOC
from policyd.resolve.problems import Missing, Wrong
from policyd.resolve.stacks import key_column, stack_value
from policyd.resolve.stats import number, slots
from policyd.vocabulary.stacks import COLUMNS, PARTS

if TYPE_CHECKING:
    from policyd.policy import StacksOutput
    from policyd.resolve.fields import Fields
    from policyd.value import Value
    from policyd.vocabulary.stacks import Part


def stacks_output(
    policy: str, written: StacksOutput, key: Layout, keys: tuple[Value, ...], fields: Fields
) -> tuple[MapSpec, MetricOutput]:
    """Return the map and the update of an output whose other columns are `key`; `Missing` or `Wrong` at their place.

    The map has an entry more than stacks: that of those for which there was no room.
    """
    value = number(written.value, "stacks output", fields, (*written.at, "value")) if written.value else None
    stacks = _parts(written, fields)
    columns = tuple(key_column(Column(_part_of(one), one.type, one.path)) for one in stacks)
    layout = Layout((*key.columns, *columns))
    kept = Layout(slots(("count", "sum") if value else ("count",), value.type if value else None, False, None))
    map_class = MapClass("percpu_hash", layout.size, kept.size, BPF_F_NO_PREALLOC)
    entries = written.max_entries + 1
    spec = MapSpec(policy, written.name, "stacks", map_class, entries, layout, kept, written.help)
    return spec, MetricOutput("stacks", written.name, (*keys, *stacks), value)


def _part_of(stack: Value) -> str:
    """Return the name of a stack's column, which tells its part, wherever the stack was taken."""
    return stack.path.removeprefix("start.")


def _of_start(written: StacksOutput, fields: Fields) -> tuple[Value, ...]:
    """Return the parts that a span keeps of its start's stack."""
    starts = fields.side.span.starts if fields.side else None
    if starts is None:
        message = f"{fields.place.spelled} is in no span: its stacks have no start"
        raise Wrong("field-not-here", message, "as hook: {span: {start: …, end: …}}", (*written.at, "of"))
    if written.skip:
        raise Wrong("field-not-here", "`skip` goes with stacks of the event itself", "leave it out", (*written.at, "skip"))
    kept = [part for part in PARTS if COLUMNS[part] in starts.numbers and getattr(written, part) is not False]
    if not kept:
        raise Wrong("field-not-here", "no start of the span has a stack", at=(*written.at, "of"))
    return tuple(fields.value(f"start.{COLUMNS[part]}") for part in kept)


def _parts(written: StacksOutput, fields: Fields) -> tuple[Value, ...]:
    """Return the parts of each stack: those that were asked for, else those that the hook has."""
    if written.of == "start":
        return _of_start(written, fields)
    asked: dict[Part, bool | None] = {"kernel": written.kernel, "user": written.user}
    found: list[Value] = []
    for part in PARTS:
        if asked[part] or (asked[part] is None and f"{part}_stack" in fields.place.contexts):
            _check(part, written, fields)
            found.append(stack_value(part, fields.place.point.kind, written.depth, 0 if found else written.skip))
    if not found:
        _check("kernel", written, fields)
    return tuple(found)


def _check(part: Part, written: StacksOutput, fields: Fields) -> None:
    """Refuse a part that the hook does not have."""
    try:
        fields.value(COLUMNS[part])
    except Missing as missing:
        missing.at = missing.at or ((*written.at, part) if getattr(written, part) else written.at)
        raise
