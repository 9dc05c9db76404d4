"""Tables: how a row is looked up, how a column is taken out of it, and what rules write.

A row is copied to the scratch place when something of it is wanted first, so that all see it as it was; what rules write is
written by the last program of a unit, after every effect, in the order of the rules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policyd.codegen import ctext as c
from policyd.codegen.ctext import CText
from policyd.codegen.fetching import FetchView
from policyd.codegen.output import AccountView, BesideView, ColumnView, beside_view, key_views, needs_of
from policyd.effect import written_values
from policyd.value import ROW, Kept, Lookup
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.codegen.operand import Operand, ValueTable
    from policyd.effect import TableWrite
    from policyd.maps import MapSpec
    from policyd.unit import BoundUnit, TypedRule


MOST_INLINE = 1024
"""Bytes that the compiler clears without a function, which it has none of."""


@dataclass(frozen=True, slots=True)
class RowView:
    """What `fetch/table_row.c` may print: the map, the key, and the copy."""

    index: CText
    comment: CText
    map: CText
    map_row: CText
    parts: tuple[Operand, ...]
    columns: tuple[ColumnView, ...]
    to: CText
    size: CText
    struct: CText
    template: str = "fetch/table_row.c"


@dataclass(frozen=True, slots=True)
class SpanView:
    """What `write.c` may print of a span's row: the columns that are `kept` where they are there, `bits` tells which.

    Of its end: whether there was a start (`paired`), and whether it was after the end (`negative`).
    """

    kept: tuple[BesideView, ...] = ()
    bits: CText = CText("")
    paired: CText = CText("")
    negative: CText = CText("")


@dataclass(frozen=True, slots=True)
class WriteView:
    """What `write.c` may print of one write of one rule."""

    index: CText
    rule: CText
    comment: CText
    policy: CText
    map: CText
    map_row: CText
    key: CText
    row: CText
    needs: tuple[CText, ...]
    present: CText
    key_columns: tuple[ColumnView, ...]
    columns: tuple[ColumnView, ...]
    unset: bool
    if_absent: bool
    whole: bool
    account: AccountView
    span: SpanView | None = None
    long: bool = False


class Tables:
    """The look-ups and writes of a unit."""

    def __init__(self, bound: BoundUnit, values: ValueTable) -> None:
        self._bound, self._values = bound, values
        writing = [(number, rule) for number, rule in enumerate(bound.unit.rules) if rule.writes]
        self.numbers = {number: index for index, (number, _) in enumerate(writing)}
        """By a rule's number in the unit: which of the writing rules it is."""
        self._lookups = [one for one in values.stored if isinstance(one.source.access, Lookup)]
        self._specs: list[MapSpec] = [self._spec(one) for one in self._lookups]
        self._structs: list[str] = []
        self.writes = tuple(self._writes(writing))

    # -- look-ups ----------------------------------------------------------------------------------------

    def fetch(self, operand: Operand) -> FetchView | RowView:
        """Return how a look-up's row, or a column of it, is fetched."""
        access = operand.source.access
        if isinstance(access, Kept):
            return replace(self._column(operand, access.lookup), there=self._there(access))
        assert isinstance(access, Lookup)
        return self._row(operand, access) if access.column == ROW else self._column(operand, access)

    def _there(self, access: Kept) -> CText:
        """Return whether a column of a span's start was there."""
        lookup = access.lookup
        offset = self._bound.maps[lookup.policy, lookup.table].value.offsets()[access.there]
        return CText(f"PD_LOAD(u64, {self._values[lookup.row].value}, {c.uint(offset)}) & {c.uint(1 << lookup.column)}")

    def _spec(self, operand: Operand) -> MapSpec:
        access = operand.source.access
        access = access.lookup if isinstance(access, Kept) else access
        assert isinstance(access, Lookup)
        return self._bound.maps[access.policy, access.table]

    def _row(self, operand: Operand, access: Lookup) -> RowView:
        spec, keys = self._spec(operand), [self._values[key] for key in access.keys]
        return RowView(
            index=c.uint(operand.index),
            comment=c.comment(operand.source.path),
            map=c.ident(spec.map_class.name),
            map_row=c.uint(self._bound.rows.maps[access.policy, access.table]),
            parts=operand.parts,
            columns=key_views(spec.key, keys),
            to=CText(f"r->s->v{operand.index}"),
            size=c.uint(access.row_bytes),
            struct=c.ident(f"row_key_{operand.index}"),
        )

    def _column(self, operand: Operand, access: Lookup) -> FetchView:
        row, layout = self._values[access.row], self._spec(operand).value
        offset, type_ = layout.offsets()[access.column], layout.columns[access.column].type
        place = CText(f"r->s->v{operand.index}")
        plain = FetchView(
            index=c.uint(operand.index),
            comment=c.comment(operand.source.path),
            template="fetch/table_bytes.c",
            to=place,
            pointer=place if operand.shape is Shape.BYTES else CText(f"&{place}"),
            size=c.uint(type_.size),
            address=CText(f"{row.value} + {c.uint(offset)}"),
            parts=operand.parts,
        )
        if type_.shape is Shape.STRING:
            return replace(plain, template="fetch/table_string.c")
        if type_.shape is not Shape.NUMBER:
            return plain
        c_type = f"{'s' if type_.signed else 'u'}{type_.size * 8}"
        loaded = f"PD_LOAD({c_type}, {row.value}, {c.uint(offset)})"
        return replace(plain, template="fetch/table_number.c", number=CText(f"(s64) {loaded}" if type_.signed else loaded))

    # -- writes ------------------------------------------------------------------------------------------

    def _writes(self, writing: Iterable[tuple[int, TypedRule]]) -> Iterable[WriteView]:
        for number, rule in writing:
            for write in rule.writes:
                yield self._write(len(self._structs) // 2, self.numbers[number], rule, write)

    def _write(self, index: int, rule_number: int, rule: TypedRule, write: TableWrite) -> WriteView:
        spec = self._bound.maps[rule.policy, write.map_name]
        assert spec.key is not None
        keys = [self._values[key] for key in write.keys]
        given = [(number, self._values[value]) for number, value in write.columns]
        of_span = write.kind in {"start", "end"}
        used = [*keys, *(operand for _, operand in given)]
        columns = tuple(beside_view(at, spec.value.columns[at], one, CText(f"row->c{at}")) for at, one in given)
        self._structs += [spec.key.c_struct(f"write_key_{index}"), spec.value.c_struct(f"write_row_{index}")]
        return WriteView(
            index=c.uint(index),
            rule=c.uint(rule_number),
            comment=c.comment(f"{rule.policy}/{rule.name}: {write.kind} {write.map_name}"),
            policy=c.uint(self._bound.rows.policies[rule.policy]),
            map=c.ident(spec.map_class.name),
            map_row=c.uint(self._bound.rows.maps[rule.policy, write.map_name]),
            key=c.ident(f"write_key_{index}"),
            row=c.ident(f"write_row_{index}"),
            needs=needs_of(used),
            present=c.all_of(
                c.binary(one.state, "==", CText("PD_OK")) for one in (keys if of_span else used) if one.uncertain
            ),
            key_columns=key_views(spec.key, keys),
            columns=() if of_span else tuple(one.column for one in columns),
            unset=write.kind in {"unset", "end"},
            if_absent=write.if_absent,
            whole=write.kind == "start" or len(given) == len(spec.value.columns),
            account=AccountView(),
            span=_span_view(write, columns, given) if of_span else None,
            long=spec.value.size > MOST_INLINE,
        )

    def of(self, run: range) -> tuple[WriteView, ...]:
        """Return the writes of a run of the unit's rules."""
        wanted = {c.uint(index) for number, index in self.numbers.items() if number in run}
        return tuple(write for write in self.writes if write.rule in wanted)

    # -- what they need ----------------------------------------------------------------------------------

    @property
    def _specs_written(self) -> list[MapSpec]:
        rules = self._bound.unit.rules
        return [self._bound.maps[rule.policy, write.map_name] for rule in rules for write in rule.writes]

    @property
    def structs(self) -> str:
        """Declarations of every key and row."""
        rows = [one for one in self._lookups if isinstance(one.source.access, Lookup) and one.source.access.column == ROW]
        keys = (self._spec(one).key for one in rows)
        found = [key.c_struct(f"row_key_{one.index}") for one, key in zip(rows, keys, strict=True) if key is not None]
        return "".join([*found, *self._structs])

    @property
    def key_bytes(self) -> int:
        """The longest key."""
        return max((spec.key.size for spec in [*self._specs, *self._specs_written] if spec.key), default=0)

    @property
    def _row_bytes(self) -> int:
        """The longest row that is written."""
        return max((spec.value.size for spec in self._specs_written), default=0)

    @property
    def members(self) -> tuple[CText, ...]:
        """What `struct subject` gets: which rules write, whether any does, and room for a row."""
        if not self.writes:
            return ()
        row = CText(f"u64 row[{c.uint(self._row_bytes // 8)}]")
        return row, CText("u32 writing"), CText(f"u8 writes[{c.uint(len(self.numbers))}]")

    @property
    def room(self) -> int:
        """The bytes of `members`, and the most that aligning them takes."""
        return self._row_bytes + len(self.numbers) + 16 if self.writes else 0

    @property
    def rows(self) -> frozenset[str]:
        """Which process rows something that is written is in: `self`, `parent`."""
        writing = (rule for rule in self._bound.unit.rules if rule.writes)
        given = (value for rule in writing for write in rule.writes for value in written_values(write))
        return frozenset[str]().union(*(self._values[value].rows for value in given))


def _span_view(write: TableWrite, columns: tuple[BesideView, ...], given: list[tuple[int, Operand]]) -> SpanView:
    """Return what a span's start keeps, or what its end is told by: its only value is the duration."""
    if write.kind == "start":
        return SpanView(columns, bits=CText("row->c1"))
    duration = given[0][1]
    is_there = c.binary(duration.state, "==", CText("PD_OK"))
    return SpanView(paired=is_there, negative=c.binary(duration.number, "<", c.sint(0)))
