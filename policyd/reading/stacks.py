"""The maps of a policy's `stacks` outputs, decoded.

In: a policy's record and its pinned maps.  Out: `Stacks`: a series for each stack and key, and what is not in them.  The key
of an entry is its columns and the stacks themselves, its value what the CPUs have counted or summed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policyd.layout import Layout
from policyd.reading.aggregates import UNITS
from policyd.reading.shown import Shown
from policyd.record import map_pin, opened, policy_path
from policyd.stack import Stack, StackSeries, UserFrame
from policyd.vocabulary.stacks import COLUMNS, CUT, FRAME_BYTES, HEAD, LOST, Frames, Part, decode_stack

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
        entries = _Entries(of, kernel.items(fd), whole=True)
    series = tuple(sorted(entries.series, key=lambda one: -one.value))
    type_ = of.value.columns[-1].type
    unit = UNITS.get(type_.kind, "")
    return Stacks(policy, of.name, of.help, unit, entries.summed, entries.parts, of.max_entries - 1, series, entries.totals)


def read_totals(kernel: Kernel, policy: str, of: MapRecord) -> Totals | None:
    """Return what `read_stacks` says of all series together, without decoding any frame."""
    with opened(kernel, policy_path(policy, map_pin(policy, of.name, of.fingerprint))) as fd:
        return _Entries(of, kernel.items(fd), whole=False).totals if fd is not None else None


class _Entries:
    """The entries of one map, each looked at once; `whole`: frames and labels too."""

    def __init__(self, of: MapRecord, entries: Iterable[tuple[bytes, bytes]], *, whole: bool) -> None:
        self._key = of.key or Layout(())
        self._decoder, self._values = self._key.decoder(), of.value.decoder()
        self._shown = {n: Shown(one) for n, one in enumerate(self._key.columns) if one.name not in COLUMNS.values()}
        names = [column.name for column in self._key.columns]
        self._at: dict[Part, int] = {part: names.index(name) for part, name in COLUMNS.items() if name in names}
        self.summed = len(of.value.columns) > 1
        self.parts: tuple[Part, ...] = tuple(self._at)
        self.series: list[StackSeries] = []
        counts: Counter[str] = Counter()
        for key, value in entries:
            events, added = self._added(value)
            raw = self._decoder.unpack_from(key)
            what = self._counted(raw)
            counts[what] += events
            if what in {"events", "truncated"} and events:
                counts["value"] += added
                self.series += [self._series(key, raw, added)] if whole else []
        counts["events"] += counts["truncated"]
        self.totals = Totals(**counts)

    def _added(self, value: bytes) -> tuple[int, int]:
        """Return how many events an entry has, and its value: what all CPUs have put there."""
        rows = list(self._values.iter_unpack(value[: len(value) // self._values.size * self._values.size]))
        return sum(row[0] for row in rows), sum(row[-1] for row in rows)

    def _counted(self, raw: tuple[Any, ...]) -> str:
        """Return which of `Totals` an entry's events are counted in."""
        marks = [HEAD.unpack_from(raw[at])[2] for at in self._at.values()]
        if LOST in marks:
            return "lost"
        if not any(any(raw[at][HEAD.size : HEAD.size + FRAME_BYTES[part]]) for part, at in self._at.items()):
            return "empty"
        return "truncated" if CUT in marks else "events"

    def _series(self, key: bytes, raw: tuple[Any, ...], value: int) -> StackSeries:
        stack = stack_of({part: decode_stack(raw[at]) for part, at in self._at.items()})
        decoded = self._key.decode(key, self._decoder)
        labels = tuple((one.column.name, one.text(decoded[at])) for at, one in self._shown.items())
        return StackSeries(stack, labels, value)


def stack_of(found: dict[Part, Frames]) -> Stack:
    """Return the stack that its decoded parts are."""
    kernel, user = found.get("kernel", Frames("kernel")), found.get("user", Frames("user"))
    frames = tuple(UserFrame(0, file, at) if file else UserFrame(at) for at, file in user.frames)
    return Stack(tuple(address for address, _ in kernel.frames), frames, user.pid, kernel.cut, user.cut)
