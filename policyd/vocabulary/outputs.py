"""The outputs of rules, one row each: `event`, and the metrics.

`parsing` checks keys with them, `explain` and the documentation print them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutputKey:
    """One key of an output's mapping."""

    name: str
    explain: str


@dataclass(frozen=True, slots=True)
class OutputKind:
    """One output as a policy spells it.  `takes_value`: it needs the field `value`; `prometheus`: its metric type."""

    name: str
    explain: str
    keys: tuple[OutputKey, ...]
    example: str
    takes_value: bool = False
    prometheus: str = ""

    @property
    def is_metric(self) -> bool:
        return bool(self.prometheus)


_NAME = OutputKey("name", "the metric's name, as Prometheus will show it, with a label `policy`")
_HELP = OutputKey("help", "one line that says what is counted; one of the outputs that share a name may give it for all")
_BY = OutputKey("by", "columns of the key: one series for each combination of their values")
_VALUE = OutputKey("value", "the field that is recorded")
_MAX_ENTRIES = OutputKey("maxEntries", "how many series are kept (default 10240); more are turned away, and counted")
_EVICT = OutputKey("evict", "true: drop the series longest unused instead of turning new ones away")
_SHARED = (_BY, _MAX_ENTRIES, _EVICT)

RATE_KEYS = (
    OutputKey("rateLimit", "{events: 100, per: 1s, by: [process.pid]}: hold back events beyond this rate, key by key"),
    OutputKey("sample", "1/100: let one event in a hundred through, by chance"),
)
"""What holds events back, here and below `spec.event`."""

OUTPUTS: dict[str, OutputKind] = {
    row.name: row
    for row in (
        OutputKind(
            "event",
            "One record for each match, with time, policy, rule, hook, severity and verdict beside the fields.",
            (
                OutputKey("fields", "columns of the record; groups such as `process` and `args` stand for several"),
                *RATE_KEYS,
            ),
            "event: {fields: [process, args.filename]}",
        ),
        OutputKind(
            "counter",
            "How many matches there were.",
            (_NAME, _HELP, *_SHARED),
            "counter: {name: opens_total, help: Files opened, by: [process.comm]}",
            prometheus="counter",
        ),
        OutputKind(
            "sum",
            "The values added up. With `signed: true` negative values are allowed, and it is a gauge.",
            (_NAME, _HELP, _VALUE, OutputKey("signed", "true: values may be negative"), *_SHARED),
            "sum: {name: read_bytes_total, help: Bytes read, value: ret, by: [process.comm]}",
            takes_value=True,
            prometheus="counter",
        ),
        OutputKind(
            "gauge",
            "The last value.",
            (_NAME, _HELP, _VALUE, *_SHARED),
            "gauge: {name: queue_length, help: Length when last seen, value: args.length, by: [cpu]}",
            takes_value=True,
            prometheus="gauge",
        ),
        OutputKind(
            "min",
            "The smallest value.",
            (_NAME, _HELP, _VALUE, *_SHARED),
            "min: {name: smallest_write_bytes, help: Smallest write, value: args.count}",
            takes_value=True,
            prometheus="gauge",
        ),
        OutputKind(
            "max",
            "The largest value.",
            (_NAME, _HELP, _VALUE, *_SHARED),
            "max: {name: largest_write_bytes, help: Largest write, value: args.count}",
            takes_value=True,
            prometheus="gauge",
        ),
        OutputKind(
            "histogram",
            "How values spread over buckets, with their sum and count. Negative values are counted apart.",
            (
                _NAME,
                _HELP,
                _VALUE,
                OutputKey(
                    "buckets",
                    "log2 (default), {log2: 1us..64s}, {linear: 0..1000, step: 50}, or upper bounds [100us, 1ms, 10ms], "
                    "each up to and including its bound",
                ),
                *_SHARED,
            ),
            "histogram: {name: write_bytes, help: Sizes of writes, value: args.count, buckets: {log2: 1..1Mi}}",
            takes_value=True,
            prometheus="histogram",
        ),
        OutputKind(
            "stats",
            "Several numbers for each key, kept in one map: each column is a metric NAME_COLUMN.",
            (
                _NAME,
                _HELP,
                _BY,
                OutputKey("show", "columns whose last seen values are shown beside the key; no labels in Prometheus"),
                OutputKey("columns", "names, each with an aggregate of a value: {calls: count, bytes: {sum: ret}}"),
                _MAX_ENTRIES,
                _EVICT,
            ),
            "stats: {name: reads, by: [process.comm], columns: {calls: count, bytes: {sum: ret}, most: {max: ret}}}",
            prometheus="one for each column",
        ),
        OutputKind(
            "stacks",
            "How often each stack of functions led here, or a value added up by stack. `policyd stacks` shows and draws it.",
            (
                _NAME,
                _HELP,
                OutputKey("value", "what is added up: time, bytes; without it events are counted"),
                OutputKey("kernel", "false: leave the kernel's functions out (default: true, where there are some)"),
                OutputKey(
                    "user", "false: leave the program's functions out (default: true, where it is known whose they are)"
                ),
                OutputKey("of", "start: in rules of spans, the stack where it starts, not where it ends"),
                OutputKey("by", "columns of the key beside the stack: one series for each combination of their values"),
                OutputKey(
                    "depth", "how many frames of either part are kept, from the innermost outwards: 1 to 127 (default)"
                ),
                OutputKey(
                    "skip", "how many innermost frames are left out, of the kernel's part if it is there (default: 0)"
                ),
                OutputKey("maxEntries", "how many series are kept (default 4096); more are turned away, and counted"),
            ),
            "stacks: {name: reads, by: [process.comm], value: ret}",
            prometheus="totals",
        ),
    )
}
"""Every output by its name."""

LATER_OUTPUTS: tuple[str, ...] = ("topK", "distinct", "last", "trace", "notify")
"""Outputs that the language has reserved, and that are refused so far."""
