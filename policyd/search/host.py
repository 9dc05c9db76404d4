"""What one host has beside the language: its tracepoints, the functions of its kernel and its LSM hooks, as it tells."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from policyd.errors import UnsupportedError
from policyd.search.index import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.target import Target


def host_entries(target: Target) -> Iterator[Entry]:
    """Yield what `target` has; what cannot be read (tracefs is root's) is left out."""
    with suppress(UnsupportedError):
        for name in target.tracepoints():
            yield _entry("tracepoint", name)
    with suppress(UnsupportedError):
        for name in target.raw_tracepoints():
            yield _entry("raw_tracepoint", name)
        for name in target.lsm_hooks():
            yield _entry("lsm", name.removeprefix("bpf_lsm_"))
        for name in target.functions():
            if not name.startswith(_OF_TRACEPOINTS):
                yield _entry("function", name)


_OF_TRACEPOINTS = ("__bpf_trace_", "__probestub_", "__traceiter_", "perf_trace_", "trace_event_raw_", "trace_raw_output_")
"""What macros make for each tracepoint (include/trace/): nobody means these functions."""

_SAID = {
    "tracepoint": "a tracepoint of this kernel",
    "raw_tracepoint": "a raw tracepoint of this kernel",
    "lsm": "an LSM hook of this kernel",
    "function": "a function of this kernel",
}


def _entry(kind: str, name: str) -> Entry:
    return Entry(kind, name, _SAID[kind], ("explain", "hook", f"{kind}:{name}"))
