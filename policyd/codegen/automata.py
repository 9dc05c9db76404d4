"""The string machines of a unit: which patterns of which value share one, and their tables as contents of a map.

A machine runs once an event, before the rules that ask it: its loop is dear to compile and to verify, and stands in each
program once.  A rule *seeks* first, by its other conditions, whether the search can matter.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.automaton import Machine, globs, search
from policyd.codegen import ctext as c
from policyd.codegen.ctext import CText
from policyd.codegen.source import PrivateMap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.codegen.operand import Operand, ValueTable
    from policyd.condition import Test

_PATTERNS_OF_ONE = 256


@dataclass(frozen=True, slots=True)
class MachineView:
    """What `automaton.c` may print of a machine."""

    index: CText
    comment: CText
    map: CText
    needs: tuple[CText, ...]
    state: CText
    data: CText
    length: CText
    start: CText
    blocks: CText
    row_mask: CText
    shift: CText
    state_mask: CText
    width: CText
    words: tuple[CText, ...]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A machine, the value that it searches, and the number of each of its patterns."""

    index: int
    operand: Operand
    machine: Machine
    patterns: tuple[bytes, ...]

    @property
    def map_name(self) -> str:
        return f"automaton_{self.index}"

    @property
    def rows(self) -> int:
        """Table entries before the slack, a power of two."""
        return 1 << (len(self.machine.rows) * self.machine.stride - 1).bit_length()

    @property
    def states(self) -> int:
        return self.rows // self.machine.stride


class Automata:
    """All machines of a unit, built from its Contains and Glob tests."""

    def __init__(self, tests: Iterable[Test], values: ValueTable) -> None:
        wanted: dict[tuple[int, str], tuple[Operand, dict[bytes, None]]] = {}
        for test in tests:
            if test.operator in {"Contains", "Glob"} and test.ref is None:
                operand = values[test.value]
                patterns = wanted.setdefault((operand.index, test.operator), (operand, {}))[1]
                patterns.update(dict.fromkeys(text for text in test.operands if isinstance(text, bytes)))
        self._placed: list[_Placed] = []
        self._where: dict[tuple[int, str, bytes], tuple[_Placed, int]] = {}
        for (_, operator), (operand, patterns) in wanted.items():
            self._place(operand, operator, tuple(patterns))

    def _place(self, operand: Operand, operator: str, patterns: tuple[bytes, ...]) -> None:
        """Put the patterns into one machine, or into two halves if one is too big."""
        make = search if operator == "Contains" else globs
        try:
            machine = make(patterns) if len(patterns) <= _PATTERNS_OF_ONE else None
        except ValueError:
            if len(patterns) == 1:
                raise
            machine = None
        if machine is None:
            middle = len(patterns) // 2
            self._place(operand, operator, patterns[:middle])
            self._place(operand, operator, patterns[middle:])
            return
        placed = _Placed(len(self._placed), operand, machine, patterns)
        self._placed.append(placed)
        for number, pattern in enumerate(patterns):
            self._where[operand.index, operator, pattern] = placed, number

    def found(self, test: Test, operand: Operand) -> tuple[CText, tuple[CText, ...]]:
        """Return the expression that tells whether any pattern of the test was found, and the searches it is of."""
        masks: dict[tuple[int, int], int] = {}
        for text in test.operands:
            assert isinstance(text, bytes)
            placed, number = self._where[operand.index, test.operator, text]
            if placed.machine.initial >> number & 1:
                return CText("1"), ()
            word = placed.index, number // 64
            masks[word] = masks.get(word, 0) | 1 << number % 64
        parts = [c.binary(CText(f"r->s->found_{index}[{word}]"), "&", c.uint(mask)) for (index, word), mask in masks.items()]
        searches = tuple(_flag(index) for index in sorted({index for index, _ in masks}))
        return c.any_of(parts), searches

    @property
    def views(self) -> tuple[MachineView, ...]:
        return tuple(_view(placed) for placed in self._placed)

    @property
    def members(self) -> tuple[CText, ...]:
        """Declarations in `struct subject`; `search` is cleared with the states at the start of a run."""
        return tuple(CText(f"u64 found_{placed.index}[{placed.machine.words}]") for placed in self._placed) + tuple(
            CText(f"u32 {_flag(placed.index)}") for placed in self._placed
        )

    @property
    def flags(self) -> tuple[CText, ...]:
        return tuple(_flag(placed.index) for placed in self._placed)

    @property
    def room(self) -> int:
        """Bytes that `members` take, at most."""
        return sum(8 * placed.machine.words + 8 for placed in self._placed)

    @property
    def structs(self) -> str:
        return "".join(
            f"struct automaton_{placed.index} {{\n\tu8 classes[256];\n\tu32 table[{placed.rows + 256}];\n"
            f"\tu64 matches[{placed.states * placed.machine.words}];\n}};\n"
            for placed in self._placed
        )

    @property
    def maps(self) -> tuple[PrivateMap, ...]:
        return tuple(
            PrivateMap(placed.map_name, "array", 4, len(data), 1, contents=data)
            for placed, data in ((placed, _contents(placed)) for placed in self._placed)
        )


def _flag(index: int) -> CText:
    """The name of a machine's state in `struct subject`, and of its C function."""
    return c.ident(f"search_{index}")


def _view(placed: _Placed) -> MachineView:
    machine, operand = placed.machine, placed.operand
    return MachineView(
        index=c.uint(placed.index),
        comment=c.comment(f"{len(placed.patterns)} patterns in {operand.source.path}"),
        map=c.ident(placed.map_name),
        needs=operand.needs,
        state=operand.state,
        data=operand.value,
        length=operand.length,
        start=c.uint(machine.stride),
        blocks=c.uint(-(-operand.capacity // 8)),
        row_mask=c.uint(placed.rows - 1),
        shift=c.uint(machine.stride.bit_length() - 1),
        state_mask=c.uint(placed.states - 1),
        width=c.uint(machine.words),
        words=tuple(c.uint(word) for word in range(machine.words)),
    )


def _contents(placed: _Placed) -> bytes:
    """Return the struct's bytes: classes, rows of premultiplied next states, match masks."""
    machine = placed.machine
    table = [0] * (placed.rows + 256)
    for state, row in enumerate(machine.rows):
        for symbol, target in enumerate(row):
            table[state * machine.stride + symbol] = target * machine.stride
    matches = [0] * (placed.states * machine.words)
    for state, mask in enumerate(machine.matches):
        for word in range(machine.words):
            matches[state * machine.words + word] = mask >> (64 * word) & (2**64 - 1)
    return machine.byte_class + struct.pack(f"<{len(table)}I", *table) + struct.pack(f"<{len(matches)}Q", *matches)
