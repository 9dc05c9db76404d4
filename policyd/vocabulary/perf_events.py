"""The events that the kernel can count and sample on a CPU, by the names that `perf list` has for them.

`resolve` checks names and picks what is sampled, the kernel layer takes the numbers: `enum perf_type_id`, `perf_hw_id` and
`perf_sw_ids` of `include/uapi/linux/perf_event.h`, which never change.
"""

from __future__ import annotations

from dataclasses import dataclass

SOFTWARE, HARDWARE = 1, 0
"""PERF_TYPE_SOFTWARE, PERF_TYPE_HARDWARE"""

CLOCK = "cpu-clock"
"""What every kernel has on every machine: it stands in for hardware events that are not there."""

DEFAULT_FREQUENCY = 99
"""Samples a second and CPU where a policy says nothing: not in step with what happens every hundredth of a second."""

MOST_FREQUENCY = 100_000
"""Samples a second: `kernel.perf_event_max_sample_rate`, unless it was changed; the shortest tick of a clock is 10 µs."""
MOST_PERIOD = 10**15


@dataclass(frozen=True, slots=True)
class PerfEventKind:
    """An event: its kind and number, and whether it is a clock, that goes on by itself.  A period of a clock is in ns."""

    name: str
    type: int
    number: int
    explain: str
    clock: bool = False

    @property
    def hardware(self) -> bool:
        return self.type == HARDWARE

    @property
    def sampled_by_time(self) -> bool:
        """Whether it is sampled at a frequency if nothing is said; the others are few, and each of them is seen."""
        return self.clock or self.hardware


PERF_EVENTS: tuple[PerfEventKind, ...] = (
    PerfEventKind("cpu-clock", SOFTWARE, 0, "time of the CPU, by a timer; idle time too", clock=True),
    PerfEventKind("task-clock", SOFTWARE, 1, "as cpu-clock", clock=True),
    PerfEventKind("page-faults", SOFTWARE, 2, "faults of pages, minor and major"),
    PerfEventKind("minor-faults", SOFTWARE, 5, "faults of pages that were in memory"),
    PerfEventKind("major-faults", SOFTWARE, 6, "faults of pages that had to be read"),
    PerfEventKind("context-switches", SOFTWARE, 3, "the CPU goes from one thread to another; seen in the one that stops"),
    PerfEventKind("cpu-migrations", SOFTWARE, 4, "a thread goes on on another CPU"),
    PerfEventKind("alignment-faults", SOFTWARE, 7, "accesses that the kernel had to align (not on x86)"),
    PerfEventKind("emulation-faults", SOFTWARE, 8, "instructions that the kernel had to emulate"),
    PerfEventKind("cycles", HARDWARE, 0, "cycles of the CPU, at whichever speed"),
    PerfEventKind("instructions", HARDWARE, 1, "instructions that were carried out"),
    PerfEventKind("cache-references", HARDWARE, 2, "accesses to the last cache"),
    PerfEventKind("cache-misses", HARDWARE, 3, "accesses that the last cache could not answer"),
    PerfEventKind("branches", HARDWARE, 4, "branch instructions"),
    PerfEventKind("branch-misses", HARDWARE, 5, "branches that were not foreseen"),
    PerfEventKind("bus-cycles", HARDWARE, 6, "cycles of the bus"),
    PerfEventKind("stalled-cycles-frontend", HARDWARE, 7, "cycles in which no instruction was at hand"),
    PerfEventKind("stalled-cycles-backend", HARDWARE, 8, "cycles in which an instruction waited for data or units"),
    PerfEventKind("ref-cycles", HARDWARE, 9, "cycles of the CPU at its nominal speed"),
)

_BY_NAME = {row.name: row for row in PERF_EVENTS}


def perf_event_kind(name: str) -> PerfEventKind:
    """Return the row of an event; `KeyError` if there is none."""
    return _BY_NAME[name]
