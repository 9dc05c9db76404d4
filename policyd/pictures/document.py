"""Stacks as JSON: every series of an output, with its frames by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.reading.stacks import Stacks
    from policyd.stack import FrameNames, StackSeries, Symbol


def stacks_document(stacks: Stacks, series: Iterable[StackSeries], names: FrameNames) -> dict[str, Any]:
    """Return an output with the series that are given, as plain values; times are in nanoseconds."""
    totals = stacks.totals
    return {
        "policy": stacks.policy,
        "output": stacks.name,
        "unit": "nanoseconds" if stacks.unit == "seconds" else stacks.unit or ("" if stacks.summed else "events"),
        "total": totals.value,
        "events": totals.events,
        "truncated": totals.truncated,
        "lost": totals.lost,
        "empty": totals.empty,
        "stacks": [_series(one, names) for one in series],
    }


def _series(series: StackSeries, names: FrameNames) -> dict[str, Any]:
    named = names.stack(series.stack)
    return {
        "value": series.value,
        "labels": dict(series.labels),
        "pid": series.stack.pid or None,
        "kernel": [_frame(symbol) for symbol in named.kernel],
        "user": [_frame(symbol) for symbol in named.user],
        "kernelTruncated": named.kernel_cut,
        "userTruncated": named.user_cut,
    }


def _frame(symbol: Symbol) -> dict[str, Any]:
    return {"function": symbol.name or None, "offset": symbol.offset, "module": symbol.module or None}
