"""The maps of a policy's `stacks` outputs, decoded.

In: a policy's record and its pinned maps.  Out: `Stacks`: a series for each stack and key, and what is not in them.  The key
of an entry is its columns and the stacks themselves, its value what the CPUs have counted or summed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policyd.layout import Layout
from policyd.reading.aggregates import UNITS
from policyd.reading.shown import Shown
from policyd.record import map_pin, opened, policy_path
from policyd.stack import Stack, StackSeries, UserFrame
from policyd.vocabulary.stacks import COLUMNS, Frames, Part, decode_stack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.kernel.port import Kernel
    from policyd.record import MapRecord, PolicyRecord


@dataclass(frozen=True, slots=True)
class Totals:
    """What an output has counted: `value` over all series, and events by what became of their stacks.

    `truncated` ones are in the series, with what was kept of them.  In none are `lost` ones, for which there was no room,
    and `empty` ones, which had no frame that could be read.
    """

    value: int = 0
    events: int = 0
    truncated: int = 0
    lost: int = 0
    empty: int = 0


@dataclass(frozen=True, slots=True)
class Stacks:
    """One `stacks` output of a policy.  `unit` is `seconds` where values are nanoseconds, `bytes`, or empty.

    `parts` are those that a stack of it has, `summed` tells whether values are sums (else they count events).
    """

    policy: str
    name: str
    help: str
    unit: str
    summed: bool
    parts: tuple[Part, ...]
    max_entries: int
    series: tuple[StackSeries, ...]
    totals: Totals


def stack_maps(record: PolicyRecord) -> list[MapRecord]:
    """Return the maps of a policy that hold stacks, in the order of their names."""
    return [of for _, of in sorted(record.maps.items()) if of.purpose == "stacks"]


def read_stacks(kernel: Kernel, policy: str, of: MapRecord) -> Stacks | None:
    """Return what an output has counted, the largest values first; None if its map has gone."""
    with opened(kernel, policy_path(policy, map_pin(policy, of.name, of.fingerprint))) as fd:
        if fd is None:
            return None
        entries = _Entries(of, kernel.items(fd))
    series = tuple(sorted(entries.series, key=lambda one: -one.value))
    type_ = of.value.columns[-1].type
    unit = UNITS.get(type_.kind, "")
    return Stacks(policy, of.name, of.help, unit, entries.summed, entries.parts, of.max_entries - 1, series, entries.totals)


class _Entries:
    """The entries of one map, each decoded once."""

    def __init__(self, of: MapRecord, entries: Iterable[tuple[bytes, bytes]]) -> None:
        self._key = of.key or Layout(())
        self._decoder, self._values = self._key.decoder(), of.value.decoder()
        self._shown = {n: Shown(one) for n, one in enumerate(self._key.columns) if one.name not in COLUMNS.values()}
        names = [column.name for column in self._key.columns]
        self._at: dict[Part, int] = {part: names.index(name) for part, name in COLUMNS.items() if name in names}
        self.summed = len(of.value.columns) > 1
        self.parts: tuple[Part, ...] = tuple(self._at)
        self.series: list[StackSeries] = []
        self.totals = Totals()
        counts = dict.fromkeys(("value", "events", "truncated", "lost", "empty"), 0)
        for key, value in entries:
            self._take(key, *self._added(value), counts)
        self.totals = Totals(**counts)

    def _added(self, value: bytes) -> tuple[int, int]:
        """Return how many events an entry has, and its value: what all CPUs have put there."""
        rows = list(self._values.iter_unpack(value[: len(value) // self._values.size * self._values.size]))
        return sum(row[0] for row in rows), sum(row[-1] for row in rows)

    def _take(self, key: bytes, events: int, value: int, counts: dict[str, int]) -> None:
        raw = self._decoder.unpack_from(key)
        found = {part: decode_stack(raw[at]) for part, at in self._at.items()}
        if not events:
            return
        if any(one.lost for one in found.values()):
            counts["lost"] += events
            return
        if not any(one.frames for one in found.values()):
            counts["empty"] += events
            return
        stack = stack_of(found)
        counts["value"] += value
        counts["events"] += events
        counts["truncated"] += events if stack.kernel_cut or stack.user_cut else 0
        decoded = self._key.decode(key, self._decoder)
        labels = tuple((one.column.name, one.text(decoded[at])) for at, one in self._shown.items())
        self.series.append(StackSeries(stack, labels, value))


def stack_of(found: dict[Part, Frames]) -> Stack:
    """Return the stack that its decoded parts are."""
    kernel, user = found.get("kernel", Frames("kernel")), found.get("user", Frames("user"))
    frames = tuple(UserFrame(0, file, at) if file else UserFrame(at) for at, file in user.frames)
    return Stack(tuple(address for address, _ in kernel.frames), frames, user.pid, kernel.cut, user.cut)
