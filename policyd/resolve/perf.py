"""Places of sampled events, and what is in a sample.

In: a hook as written, the host (which CPUs there can be, which events its hardware counts).  Out: one place, whose event may
be the CPU's clock in the stead of a counter that is not there; `Place.why` then says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.cpus import parse_cpus, show_cpus
from policyd.places import Sampling, perf_event, sampling
from policyd.resolve.place import NoArguments, Place
from policyd.resolve.problems import Missing, Wrong
from policyd.text import quote
from policyd.unit import written_maps
from policyd.value import ContextLoad, Value
from policyd.vocabulary.hooks import hook_kind
from policyd.vocabulary.perf_events import CLOCK, DEFAULT_FREQUENCY, perf_event_kind
from policyd.vocabulary.registers import REGISTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policyd.host import Host
    from policyd.maps import MapSpec
    from policyd.policy import PerfHook
    from policyd.unit import TypedRule
    from policyd.vocabulary.field import Field


def perf_places(hook: PerfHook, host: Host) -> tuple[list[Place], list[Missing]]:
    """Return the place of a sampled event."""
    event, why = _event(hook, host)
    frequency, period = hook.frequency, hook.period
    if not frequency and not period:
        sampled = perf_event_kind(event).sampled_by_time
        frequency, period = (DEFAULT_FREQUENCY, 0) if sampled else (0, 1)
    point = perf_event(Sampling(event, frequency, period, _cpus(hook, host)))
    return [Place(point, hook_kind("perf"), f"perf:{event}", event, SampleArguments(), why=why)], []


def _event(hook: PerfHook, host: Host) -> tuple[str, str]:
    """Return what is sampled, and why it is not what was named."""
    if host.can_sample(hook.event):
        return hook.event, ""
    lacking = f"the hardware of this host has no counter for {hook.event}"
    if hook.period:
        hint = f"sample {CLOCK}, or give a `frequency` in place of the `period`: {CLOCK} then stands in for it"
        raise Missing("no-counter", lacking, hint)
    return CLOCK, f"{lacking}: {CLOCK} is sampled in its place, which measures time"


def _cpus(hook: PerfHook, host: Host) -> tuple[int, ...]:
    """Return the CPUs that were named; none stands for all."""
    if "all" in hook.cpus:
        return ()
    cpus = parse_cpus(",".join(hook.cpus))
    if host.cpus and not set(cpus) & set(host.cpus):
        raise Missing("unknown-target", f"this host has no CPU {show_cpus(cpus)}", f"it has {show_cpus(host.cpus)}")
    return cpus


_HOLD_BACK = frozenset({"tracepoint", "kprobe", "kprobe_multi", "perf_event"})
"""Attach kinds during whose programs the kernel drops samples on that CPU (`bpf_prog_active`)."""


def shared_evictions(rules: Iterable[TypedRule], maps: Iterable[MapSpec]) -> Iterator[tuple[int, Wrong]]:
    """Yield the rules at hardware events that write to an evicting metric which other hooks write to as well, and why not.

    An eviction takes a lock of the CPU and waits for it, in an NMI too (`bpf_lru_pop_free`, kernel/bpf/bpf_lru_list.c): if
    the program that was interrupted holds it, the CPU stands still.
    """
    evicting = {spec.name for spec in maps if spec.map_class.type.startswith("lru_")}
    writers: dict[str, list[TypedRule]] = {}
    for rule in rules:
        for name in evicting.intersection(written_maps(rule)):
            writers.setdefault(name, []).append(rule)
    for name, found in writers.items():
        others = [rule.name for rule in found if rule.attach_point.kind not in _HOLD_BACK]
        for rule in found if others else ():
            if rule.attach_point.kind == "perf_event" and perf_event_kind(sampling(rule.attach_point).event).hardware:
                message = (
                    f"{quote(name)} evicts, and rule {quote(others[0])} writes to it too, which this event can interrupt"
                )
                hint = "give each one of its own, or leave out `evict` (of a rate: `by`)"
                yield rule.row, Wrong("shared-eviction", message, hint)


class SampleArguments(NoArguments):
    """A sample has none: what the CPU was at is in fields of its own."""

    def value(self, path: str) -> Value:
        """Refuse every path."""
        hint = "what the CPU was at is in perf.ip and process, what was counted in perf.period"
        raise Wrong("unknown-field", f"a sample has no arguments: {quote(path)}", hint)


def sample_value(row: Field, arch: str) -> Value:
    """Return a field of a sample: `struct bpf_perf_event_data` is the registers, then the period, then an address."""
    registers = REGISTERS[arch]
    offsets = {
        "perf.ip": registers.offsets[registers.instruction_pointer],
        "perf.period": registers.size,
        "perf.address": registers.size + 8,
    }
    return Value(row.path, row.type, ContextLoad(offsets[row.path], 8), cost=row.cost)
