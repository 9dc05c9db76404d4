"""Records of a ring as typed events.

In: a policy's record (which has the layout of every event that may be in its ring) and batches of its ring.  Out: `Event`s,
whose values are still the kernel's, with what it takes to show them.  An event whose layout is not known (any more) is an
event too, without fields: nothing here fails because of what is in a ring.
"""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policyd.layout import FLAG_UNREAD, HEADER, VERDICTS, Column, Layout
from policyd.reading.shown import Shown
from policyd.text import safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from policyd.effect import Message
    from policyd.reading.ring import Batch
    from policyd.record import PolicyRecord

UNKNOWN = "?"


def boot_offset() -> int:
    """Return what to add to nanoseconds since boot (the clock of events) to get nanoseconds since 1970, as of now."""
    return time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True)
class Origin:
    """What the numbers of an event's header mean: the rule, its hook as people write it, what became of its action."""

    policy: str
    severity: str
    rule: str
    hook: str
    verdict: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One event.  `time` is in nanoseconds since boot; `values` are raw, one a column, None if absent or unread.

    `undecided`: a filter of the rule could not be decided, because something could not be read.  `unread` and `cut` name
    columns (`cut` those too that only the message shows).  `form` is None if the layout is not known; then `layout` and
    `size` are all there is to tell.  `parts` are those of the rule's message: texts, and numbers of columns.
    """

    time: int
    origin: Origin
    cpu: int
    undecided: bool
    form: Form | None
    values: tuple[int | bytes | None, ...]
    unread: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    layout: int = 0
    size: int = 0
    parts: tuple[str | int, ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        """Return each column's value as JSON shows it (text for enums, addresses…; None: absent, or unread)."""
        pairs = zip(self.form.shown, self.values, strict=True) if self.form else ()
        return {shown.column.name: None if raw is None else shown[raw] for shown, raw in pairs if not shown.column.hidden}

    @property
    def texts(self) -> dict[str, str]:
        """Return each column's value as people read it, empty where there is none; not yet safe for a terminal."""
        pairs = enumerate(self.form.shown) if self.form else ()
        return {shown.column.name: self._text(at) or "" for at, shown in pairs if not shown.column.hidden}

    @property
    def message(self) -> str:
        """Return the rule's message, filled in; empty if it has none."""
        return filled(self.parts, self._text)

    def _text(self, at: int) -> str | None:
        """Return the value of a column as people read it; None if it is not known."""
        raw, shown = self.values[at], self.form.shown[at] if self.form else None
        if raw is None or shown is None:
            return None
        return shown.text(raw) + ("…" if shown.column.name in self.cut else "")


def filled(parts: Iterable[str | int], text: Callable[[int], str | None]) -> str:
    """Return a message with the texts of its columns: on one line, safe to show, `?` for what is not known."""
    shown = (text(part) if isinstance(part, int) else part for part in parts)
    return "".join(UNKNOWN if one is None else safe(one) for one in shown)


class Form:
    """A layout with the decoders of its bytes, and a cache of how each column's values are shown."""

    def __init__(self, layout: Layout, rules: Mapping[int, str], messages: Mapping[int, Message]) -> None:
        self.layout, self.rules = layout, rules
        self.messages = {rule: message.parts for rule, message in messages.items()}
        self.columns: tuple[Column, ...] = layout.columns
        self.shown = tuple(Shown(column) for column in layout.columns)

    def values(self, record: bytes) -> tuple[tuple[int | bytes, ...], tuple[bool, ...]] | None:
        """Return raw values and which of them were cut; None if the record is too short for its layout."""
        data = record[HEADER.size :]
        if len(data) < (self.layout.size if self.columns else 0):
            return None
        try:
            return self.layout.decode(data), self.layout.is_cut(data)
        except struct.error:
            return None


class Decoder:
    """Turns the records of one policy's ring into events.  `renew` when the policy's record has changed."""

    def __init__(self, record: PolicyRecord) -> None:
        self.undecodable = 0
        self.renew(record)

    def renew(self, record: PolicyRecord) -> None:
        """Use the layouts, rules and hooks of `record` from now on."""
        self.record = record
        self.forms = {known.id: Form(known.layout, dict(known.rules), dict(known.messages)) for known in record.layouts}
        self._current = {rule.row: rule.name for rule in record.rules}
        self._tags = {rule.name: rule.tags for rule in record.rules}

    def events(self, batch: Batch) -> Iterator[Event]:
        """Yield the events of a batch in the order of the ring."""
        for run in batch.runs:
            for offset, length in zip(run.offsets, run.lengths, strict=True):
                yield self.event(batch.memory[offset : offset + length])

    def event(self, record: bytes) -> Event:
        """Return the event of one record, header included."""
        _, layout, _, rule, flags, when, cpu, verdict, hook, absent, unread = HEADER.unpack_from(record)
        form = self.forms.get(layout)
        origin = self.origin(form, rule, verdict, hook)
        found = form.values(record) if form else None
        if form is None or found is None:
            self.undecodable += 1
            return Event(when, origin, cpu, bool(flags & FLAG_UNREAD), None, (), (), (), layout, len(record))
        raw, cut = found
        missing = absent | unread
        return Event(
            when,
            origin,
            cpu,
            bool(flags & FLAG_UNREAD),
            form,
            tuple(None if missing >> at & 1 else value for at, value in enumerate(raw)),
            tuple(column.name for at, column in enumerate(form.columns) if unread >> at & 1 and not column.hidden),
            tuple(column.name for at, column in enumerate(form.columns) if cut[at] and not missing >> at & 1),
            parts=form.messages.get(rule, ()),
        )

    def tags(self, layout: int, rule: int) -> tuple[str, ...]:
        """Return the tags of a rule's row, in an event of the layout of this id."""
        return self.origin(self.forms.get(layout), rule, 0, 0).tags

    def origin(self, form: Form | None, rule: int, verdict: int, hook: int) -> Origin:
        """Return what the header's numbers mean; `?` for a number that this record does not know."""
        record = self.record
        rules = form.rules if form else self._current
        name = rules.get(rule) or self._current.get(rule, UNKNOWN)
        return Origin(
            record.name,
            record.severity,
            name,
            record.hooks[hook] if hook < len(record.hooks) else UNKNOWN,
            VERDICTS[verdict] if verdict < len(VERDICTS) else UNKNOWN,
            self._tags.get(name, ()),
        )
