"""Events as JSON lines, from the ring's memory to text with a function made for each layout.

In: batches of a ring, and the decoder of its policy.  Out: one line an event; lines sort by time as they are.  The keys of a
line, always in this order: `time` (RFC 3339, UTC), `policy`, `severity`, `rule`, `tags` (if there are any), `undecided` (if
a filter could not be decided), `message` (if the rule has one), `hook`, `verdict`, `cpu`, `fields` (null: absent or unread),
and, where there are any, `unread` and `cut` (names).

A line is put together from fragments (`"process.comm":"cat"`).  Columns that repeat (a process's numbers and names) are
looked up together by their bytes; plain numbers are printed; whatever is out of the ordinary (a value absent, unread or cut)
takes the long way through `Decoder.event`.  The made functions contain no text of a policy: names are values in them.
"""

from __future__ import annotations

import json
import re
import struct
import time
from itertools import repeat
from typing import TYPE_CHECKING, Any

from policyd.layout import FLAG_UNREAD, HEADER, Column
from policyd.reading.events import Decoder, Event, Form, boot_offset
from policyd.reading.shown import LONGEST, Remembered, Shown
from policyd.text import is_safe, safe
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from policyd.reading.ring import Batch, Run

SECOND = 1_000_000_000
_DIRECT = frozenset(f"{sign}{bits}" for sign in "us" for bits in (8, 16, 32, 64)) | {"duration", "size"}
"""Kinds that JSON shows as their number."""
_VARYING = frozenset({"hex", "symbol"})
"""Kinds whose values seldom repeat: not looked up together with others."""
_SIMPLE = re.compile(r"[ !#-\[\]-~]*")
"""Text that is the same in JSON."""
_WHO, _WHERE = struct.Struct("<IHH"), struct.Struct("<IHHQQ")
"""The header before and after its time: policy, rule, flags; CPU, verdict, hook, absent, unread."""


class JsonLines:
    """Makes lines of the events of any number of rings; what is made for a ring's layouts is kept."""

    def __init__(self) -> None:
        self._encoders: dict[str, _RingEncoder] = {}

    def lines(self, batches: Sequence[tuple[Decoder, Batch]]) -> list[str]:
        """Return a line for each event, in the order of time (a line begins with its time)."""
        clock = _Clock(boot_offset())
        out: list[str] = []
        for decoder, batch in batches:
            encoder = self._encoders.get(decoder.record.name)
            if encoder is None or encoder.decoder is not decoder:
                encoder = self._encoders[decoder.record.name] = _RingEncoder(decoder)
            for run in batch.runs:
                out += encoder.lines(batch, run, clock)
        if sum(len(batch.runs) for _, batch in batches) > 1:
            out.sort()
        return out


class _RingEncoder:
    """Encodes the batches of one ring.  Its decoder may be renewed between batches."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        self._made: dict[int, tuple[Form, _Encoder]] = {}

    def lines(self, batch: Batch, run: Run, clock: _Clock) -> Iterable[str]:
        encoder = self._encoder(run)
        return encoder.lines(batch, run, clock) if encoder else self._slow(batch, run, clock)

    def _encoder(self, run: Run) -> _Encoder | None:
        """Return the encoder of the run's layout, or None if it is unknown or some record is too short for it."""
        form = self.decoder.forms.get(run.layout)
        if form is None or min(run.lengths) < HEADER.size + (form.layout.size if form.columns else 0):
            return None
        made = self._made.get(run.layout)
        if made is None or made[0] is not form:
            made = self._made[run.layout] = form, _Encoder(form, self.decoder)
        return made[1]

    def _slow(self, batch: Batch, run: Run, clock: _Clock) -> Iterator[str]:
        for offset, length in zip(run.offsets, run.lengths, strict=True):
            yield line(self.decoder.event(batch.memory[offset : offset + length]), clock)


def line(event: Event, clock: _Clock) -> str:
    """Return one event as a line of JSON."""
    shown: dict[str, Any] = {"time": clock.text(event.time), "policy": event.origin.policy}
    shown |= {"severity": event.origin.severity, "rule": event.origin.rule}
    shown |= {"tags": event.origin.tags} if event.origin.tags else {}
    shown |= {"undecided": True} if event.undecided else {}
    shown |= {"message": event.message} if event.parts else {}
    shown |= {"hook": event.origin.hook, "verdict": event.origin.verdict, "cpu": event.cpu}
    if event.form is None:
        shown["undecodable"] = {"layout": f"{event.layout:08x}", "bytes": event.size}
    shown["fields"] = fields = event.fields
    cut = [name for name in event.cut if name in fields]
    shown |= {"unread": event.unread} if event.unread else {}
    shown |= {"cut": cut} if cut else {}
    return to_json(shown) + "\n"


def to_json(value: Any) -> str:
    """Return JSON on one line, without blanks, that a terminal can show: what is not safe there is escaped."""
    if isinstance(value, str) and _SIMPLE.fullmatch(value):
        return f'"{value}"'
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if is_safe(text):
        return text
    return json.dumps(value, separators=(",", ":")).replace("\x7f", "\\u007f")


class _Clock:
    """Time since boot as RFC 3339; the text of the last second is kept."""

    def __init__(self, offset: int) -> None:
        self._offset = offset
        self._begin, self._text = 0, ""

    def second(self, since_boot: int) -> tuple[int, str]:
        """Return the start of the second of a time, in nanoseconds since boot, and its text up to the dot."""
        if not self._text or not self._begin <= since_boot < self._begin + SECOND:
            seconds = (since_boot + self._offset) // SECOND
            self._begin = seconds * SECOND - self._offset
            try:
                self._text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(seconds))
            except (OverflowError, ValueError, OSError):
                self._text = "9999-12-31T23:59:59."
        return self._begin, self._text

    def text(self, since_boot: int) -> str:
        begin, text = self.second(since_boot)
        return f"{text}{since_boot - begin:09d}Z"


class _Encoder:
    """The function made for one layout."""

    def __init__(self, form: Form, decoder: Decoder) -> None:
        self._form, self._decoder = form, decoder
        self._spans = tuple(_spans(form))
        self._format = "<8x8sQ24s" + "".join(span.format for span in self._spans)
        self._packed = tuple(column for column in form.columns if column.packed)
        self._unpackers: dict[int, struct.Struct] = {}
        self._run = self._compile()

    def lines(self, batch: Batch, run: Run, clock: _Clock) -> list[str]:
        """Return the lines of a run whose records are all long enough for the layout."""
        memory = batch.memory
        slow = _Slow(self._decoder, batch, run, clock)
        if not run.stride:
            rows: Iterator[tuple[Any, ...]] = map(self._unpacker(0).unpack_from, repeat(memory), run.offsets)
            return self._run(zip(rows, run.offsets, strict=True) if self._packed else rows, memory, clock, slow)
        first = run.offsets[0]
        with memoryview(memory)[first : first + len(run.offsets) * run.stride] as window:
            rows = self._unpacker(run.stride).iter_unpack(window)
            return self._run(zip(rows, run.offsets, strict=True) if self._packed else rows, memory, clock, slow)

    def _unpacker(self, stride: int) -> struct.Struct:
        """Return what unpacks a record, with the bytes up to the next one if records lie `stride` apart."""
        found = self._unpackers.get(stride)
        if found is None:
            size = struct.calcsize(self._format)
            found = self._unpackers[stride] = struct.Struct(f"{self._format}{max(stride - size, 0)}x")
        return found

    def _compile(self) -> Callable[..., list[str]]:
        names: dict[str, Any] = {"who": Remembered(self._who), "where": Remembered(self._where), "SECOND": SECOND}
        names["say"] = Sayings(self._form, self._spans)
        items, parts, cuts, raws = [], [], [], []
        for at, span in enumerate(self._spans):
            names[f"k{at}"] = span.fragment if span.memory is None else span.memory
            items.append(f"o{at}, l{at}" if span.packed else f"v{at}")
            parts.append(span.part(at))
            raws.append(span.raw(at))
            cuts += [f"l{at}"] if span.packed else []
        source = _SOURCE.format(
            row=", ".join(["w", "t", "h", *items]),
            at=", at" if cuts else "",
            parts="".join(parts),
            say=f"{{say(w, {', '.join(raws)})}}" if self._form.messages else "",
            cut="".join(f" and {name} < 32768" for name in cuts),
        )
        exec(compile(source, "<layout>", "exec"), names)  # noqa: S102 - made of numbered names only
        made: Callable[..., list[str]] = names["encode"]
        return made

    def _who(self, header: bytes) -> str:
        _, rule, flags = _WHO.unpack(header)
        origin = self._decoder.origin(self._form, rule, 0, 0)
        shown: dict[str, Any] = {"policy": origin.policy, "severity": origin.severity, "rule": origin.rule}
        shown |= {"tags": origin.tags} if origin.tags else {}
        return to_json(shown | ({"undecided": True} if flags & FLAG_UNREAD else {}))[1:-1] + ","

    def _where(self, header: bytes) -> str:
        """Return the text up to the fields; empty for an event with absent or unread columns."""
        cpu, verdict, hook, absent, unread = _WHERE.unpack(header)
        if absent | unread:
            return ""
        origin = self._decoder.origin(self._form, 0, verdict, hook)
        return to_json({"hook": origin.hook, "verdict": origin.verdict, "cpu": cpu})[1:-1] + ',"fields":{'


_SOURCE = """
def encode(rows, memory, clock, slow):
    out = []
    add = out.append
    begin = end = 0
    second = ""
    for ({row}){at} in rows:
        if not begin <= t < end:
            begin, second = clock.second(t)
            end = begin + SECOND
        start = where[h]
        if start{cut}:
            add(f'{{{{"time":"{{second}}{{t - begin:09d}}Z",{{who[w]}}{say}{{start}}{parts}}}}}}}}}\\n')
        else:
            add(slow(len(out)))
    return out
"""
"""What is made for a layout: `v0`… are its spans, `k0`… their fragments or the memories that have them."""


class Sayings:
    """The messages of the rules that have a layout: called with the header's first bytes, and what each span holds."""

    def __init__(self, form: Form, spans: tuple[_Span, ...]) -> None:
        self._form = form
        self._places = [(span.texts, number, place) for number, span in enumerate(spans) for place in range(span.width)]
        self._made = Remembered(self._make)

    def __call__(self, header: bytes, *raws: int | bytes) -> str:
        made: tuple[list[str], list[tuple[int, Remembered, int, int]]] = self._made[header]
        pieces = made[0].copy()
        for index, texts, number, place in made[1]:
            pieces[index] = texts[raws[number]][place]
        return "".join(pieces)

    def _make(self, header: bytes) -> tuple[list[str], list[tuple[int, Remembered, int, int]]]:
        """Return the pieces of a rule's message, and where texts of columns go among them: index, and whose text."""
        parts = self._form.messages.get(_WHO.unpack(header)[1])
        if parts is None:
            return [], []
        pieces = ['"message":"', *(_inside(safe(part)) if isinstance(part, str) else "" for part in parts), '",']
        slots = [(index, *self._places[part]) for index, part in enumerate(parts, 1) if isinstance(part, int)]
        return pieces, slots


def _inside(text: str) -> str:
    """Return text as it stands between the quotes of JSON."""
    return to_json(text)[1:-1]


class _Slow:
    """Encodes one record of a run the long way."""

    def __init__(self, decoder: Decoder, batch: Batch, run: Run, clock: _Clock) -> None:
        self._decoder, self._batch, self._run, self._clock = decoder, batch, run, clock

    def __call__(self, index: int) -> str:
        offset = self._run.offsets[index]
        return line(self._decoder.event(self._batch.memory[offset : offset + self._run.lengths[index]]), self._clock)


class _Span:
    """Columns that lie together and are looked up together; a column alone if it is packed, a plain number, or varies.

    `format` unpacks them (padding before them included) as one item, a packed string as offset and length.
    """

    def __init__(self, shown: list[Shown], offsets: list[int], end: int, first: bool) -> None:
        column = shown[0].column
        self._shown, self._comma = shown, "" if first else ","
        self.hidden = shown[0].column.hidden
        self.packed = column.packed
        self.moment = is_moment(column)
        self.direct = self.moment or is_direct(column)
        self.end = offsets[-1] + shown[-1].column.size
        alone = self.packed or self.direct
        pad = f"{offsets[0] - end}x" if offsets[0] > end else ""
        self.format = pad + (column.format if alone else f"{self.end - offsets[0]}s")
        self._inner = struct.Struct("<" + "".join(_padded(shown, offsets)))
        self.fragment = f"{self._comma}{to_json(column.name)}:"
        self.memory = None if self.direct else Remembered(self._packed_text if self.packed else self._fixed_text)
        self.texts = Remembered(self._texts)

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self._shown)

    def part(self, at: int) -> str:
        """Return the span's place in the made f-string, as span number `at`; nothing if it is hidden."""
        if self.hidden:
            return ""
        if self.moment:
            here = f'f"{{second}}{{v{at} - begin:09d}}Z"'
            return f'{{k{at}}}"{{{here} if begin <= v{at} < end else clock.text(v{at})}}"'
        if self.direct:
            return f"{{k{at}}}{{v{at}}}"
        return f"{{k{at}[{self.raw(at)}]}}"

    def raw(self, at: int) -> str:
        """Return the Python expression of what the span number `at` holds."""
        start = f"at + {HEADER.size} + o{at}"
        return f"memory[{start}:{start} + l{at}]" if self.packed else f"v{at}"

    def _packed_text(self, raw: bytes) -> str:
        return self.fragment + to_json(self._shown[0][raw])

    def _fixed_text(self, raw: bytes) -> str:
        pairs = zip(self._shown, self._values(raw), strict=True)
        return self._comma + ",".join(f"{to_json(shown.column.name)}:{to_json(shown[value])}" for shown, value in pairs)

    def _values(self, raw: Any) -> list[Any]:
        """Return the raw values of what `raw` of the record holds."""
        if self.packed or self.direct:
            return [raw]
        pairs = zip(self._shown, self._inner.unpack(raw), strict=True)
        return [value.split(_NUL, 1)[0] if one.column.type.shape is Shape.STRING else value for one, value in pairs]

    def _texts(self, raw: Any) -> tuple[str, ...]:
        """Return the values as a message has them, inside JSON."""
        return tuple(_inside(safe(one.text(value))) for one, value in zip(self._shown, self._values(raw), strict=True))


_NUL = b"\0"


def _padded(shown: list[Shown], offsets: list[int]) -> Iterator[str]:
    """Yield the format of each column with the padding before it, from the first column on."""
    at = offsets[0]
    for column, offset in zip((one.column for one in shown), offsets, strict=True):
        yield f"{offset - at}x{column.format}"
        at = offset + column.size


def _spans(form: Form) -> Iterator[_Span]:
    group: list[Shown] = []
    offsets: list[int] = []
    end, first = 0, True
    for shown, offset in zip(form.shown, form.layout.offsets(), strict=True):
        apart = _is_alone(shown.column) or (group and (_is_alone(group[0].column) or _is_other(group[0], shown)))
        if group and (apart or offset - offsets[0] > LONGEST // 2):
            span = _Span(group, offsets, end, first)
            yield span
            group, offsets, end, first = [], [], span.end, False
        group.append(shown)
        offsets.append(offset)
    if group:
        yield _Span(group, offsets, end, first)


def _is_other(one: Shown, other: Shown) -> bool:
    return one.column.hidden != other.column.hidden


def _is_alone(column: Column) -> bool:
    return column.packed or is_direct(column) or is_moment(column) or column.type.kind in _VARYING


def is_direct(column: Column) -> bool:
    """Whether JSON shows the column's number as it is."""
    return column.type.shape is Shape.NUMBER and column.type.kind in _DIRECT and not (column.names or column.type.symbols)


def is_moment(column: Column) -> bool:
    """Whether JSON shows the column as a date."""
    return column.type.kind == "time" and not column.names
