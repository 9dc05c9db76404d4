"""Events as text for people: a line each, columns that stay aligned, colours if the caller says so.

    14:03:22.123  exec-audit/shells  denied  process.pid=4711  process.comm=sh  process.args="sh -c id"

Widths are learnt from what was shown, and only grow.  `-` is a value that does not exist, `?` one that could not be read,
and `…` ends a string that was cut.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from policyd.reading.events import boot_offset
from policyd.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from policyd.reading.events import Decoder, Event, Origin
    from policyd.reading.ring import Batch

SECOND = 1_000_000_000
GAP = "  "
WIDEST = 40
"""Columns are not padded beyond this."""

_SEVERITY = {"info": "36", "low": "32", "medium": "33", "high": "31", "critical": "1;31"}
_VERDICT = {"denied": "1;31", "dropped": "1;31", "signalled": "1;31", "passed": "32", "marked": "35"}
_WOULD = "33"
_FAINT = "2"
_PLAIN = re.compile(r"[^\s\"=]+")
"""Values that need no quotes."""
_BEFORE_QUOTE = re.compile(r'(\\+)(?="|$)')


class TextLines:
    """Makes lines of the events of any number of rings.  `wide` adds date, severity, hook, CPU and tags."""

    def __init__(self, wide: bool = False, color: bool = False) -> None:
        self._wide, self._color = wide, color
        self._widths: dict[object, int] = {}
        self._verdicts = False

    def lines(self, batches: Sequence[tuple[Decoder, Batch]]) -> list[str]:
        """Return a line for each event, in the order of time."""
        offset = boot_offset()
        events = [event for decoder, batch in batches for event in decoder.events(batch)]
        events.sort(key=lambda event: event.time)
        return [self.line(event, offset) for event in events]

    def line(self, event: Event, offset: int) -> str:
        """Return one event's line; `offset` is what `boot_offset` returned."""
        fields = [*self.said(event.message), *self._fields(event)]
        return self.arranged(event.time + offset, event.origin, event.cpu, fields, event.undecided)

    def arranged(self, wall: int, origin: Origin, cpu: int, fields: Iterable[str], undecided: bool) -> str:
        """Return the line of an event at `wall` (ns since 1970); `fields` are `pair`s, or what stands instead of them."""
        parts = [self._time(wall), *self._origin(origin, cpu), *fields]
        if undecided:
            parts.append(self._paint("(a filter could not be decided)", _WOULD))
        return GAP.join(parts).rstrip() + "\n"

    def _time(self, wall: int) -> str:
        seconds, rest = divmod(wall, SECOND)
        try:
            local = time.localtime(seconds)
        except (OverflowError, ValueError, OSError):
            local = time.localtime(0)
        if not self._wide:
            return f"{time.strftime('%H:%M:%S', local)}.{rest // 1_000_000:03d}"
        return f"{time.strftime('%Y-%m-%dT%H:%M:%S', local)}.{rest // 1000:06d}{time.strftime('%z', local)}"

    def _origin(self, origin: Origin, cpu: int) -> Iterator[str]:
        if self._wide:
            yield self._cell("severity", origin.severity, _SEVERITY.get(origin.severity, ""))
        yield self._cell("rule", f"{origin.policy}/{origin.rule}", _SEVERITY.get(origin.severity, ""))
        if self._wide:
            yield self._cell("hook", origin.hook)
            yield self._cell("cpu", f"cpu={cpu}", _FAINT)
        self._verdicts |= origin.verdict != "none"
        if self._verdicts:
            shown = "-" if origin.verdict == "none" else origin.verdict
            color = _FAINT if shown == "-" else _WOULD if shown.startswith("would-") else _VERDICT.get(shown, "")
            yield self._cell("verdict", shown, color)
        if self._wide and origin.tags:
            yield self._cell("tags", f"[{' '.join(origin.tags)}]", _FAINT)

    def said(self, message: str) -> Iterator[str]:
        """Yield the message of an event's rule, if it has one."""
        if message:
            yield safe(message)

    def _fields(self, event: Event) -> Iterator[str]:
        if event.form is None:
            yield self.undecodable(event.size, f"{event.layout:08x}")
            return
        for shown, raw in zip(event.form.shown, event.values, strict=True):
            if shown.column.hidden:
                continue
            name = shown.column.name
            if raw is None:
                value = "?" if name in event.unread else "-"
            else:
                value = quoted(shown.text(raw)) + ("…" if name in event.cut else "")
            yield self.pair((event.form.layout.id, name), safe(name), value)

    def undecodable(self, size: int, layout: str) -> str:
        """Return what stands instead of the fields of an event that cannot be decoded."""
        return self._paint(f"undecodable: {size} bytes of layout {layout}, which is not known any more", _WOULD)

    def pair(self, key: object, name: str, value: str) -> str:
        """Return a field, aligned with those that had the same key; `name` and `value` are safe already."""
        padded = self._padded(key, f"{name}={value}")
        return self._paint(f"{name}=", _FAINT) + padded[len(name) + 1 :]

    def _cell(self, key: object, text: str, color: str = "") -> str:
        text = safe(text)
        return self._paint(text, color) + self._padded(key, text)[len(text) :]

    def _padded(self, key: object, text: str) -> str:
        width = self._widths[key] = max(self._widths.get(key, 0), min(len(text), WIDEST))
        return text.ljust(width)

    def _paint(self, text: str, color: str) -> str:
        return f"\x1b[{color}m{text}\x1b[0m" if self._color and color else text


def quoted(text: str) -> str:
    """Return text that is safe on a terminal, in quotes where a reader could not tell where it ends.

    Backslashes before a quote or at the end are doubled, so that no value can fake its own end.
    """
    shown = safe(text)
    if _PLAIN.fullmatch(shown):
        return shown
    return '"' + _BEFORE_QUOTE.sub(r"\1\1", shown).replace('"', '\\"') + '"'
