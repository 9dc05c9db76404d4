"""A BPF ring buffer read in batches, straight from its memory.

In: a ring's file descriptor.  Out: `Batch`es of runs of committed records, as offsets into memory, and nothing copied; the
sinks decode from there.  Only what a batch spans is mapped, for as long as the batch lives: pages of a ring that are mapped
count as memory of the process, and a hundred idle rings of 256 KiB would be 50 MiB of it.

The consumer position moves only when the caller says so (`advance`), after the batch was written out: a reader that dies in
between leaves the events to the next one, which may then show some of them twice, never lose one.

The kernel maps the consumer position (one page, writable), then the producer position (one page) and the data twice in a row
(so that a record that wraps is contiguous).  Every record has 8 bytes before it: u32 length with BUSY and DISCARD bits, u32
page offset (kernel/bpf/ringbuf.c).  Records start at multiples of 8.

A record's length word must be read before its bytes.  That is kept by reading words first and bytes later, which is enough
on x86-64 (loads are not reordered); a processor with weaker ordering would need an acquire barrier between the two.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policyd.layout import CANARY_LAYOUT, HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BUSY = 1 << 31
DISCARD = 1 << 30
PREFIX = 8
"""Bytes before each record."""
BATCH = 8192
"""Records a batch: enough to make the cost of a batch small, few enough to stay in the processor's cache."""

_LAYOUT_WORD = (PREFIX + 4) >> 2  # the header's second u32, in words from the record's start
_FIRST_BULK, _LAST_BULK = 32, 8192


@dataclass(frozen=True, slots=True)
class Run:
    """Records of one layout, in the order of the ring.  `offsets` are those of their headers in the batch's memory.

    `stride` is the distance of the records if it is always the same and none lies between (they can be unpacked in one go),
    else 0.  `lengths` are the bytes that each record has.
    """

    layout: int
    offsets: Sequence[int]
    lengths: Sequence[int]
    stride: int = 0

    def take(self, indexes: Sequence[int]) -> Run:
        """Return a run of some of the records."""
        return Run(self.layout, [self.offsets[i] for i in indexes], [self.lengths[i] for i in indexes])


@dataclass(frozen=True, slots=True)
class Batch:
    """What was committed when the ring was looked at: `end` is the position to advance to once all of it was used.

    Runs may interleave: what shows records of several must order them, by time.

    `memory` is what offsets count in: slices of it are bytes.  It is mapped as long as the batch lives.  `broken` counts
    records too short to have a header, which nothing of ours writes.  `taken` is how many events it had when it was read:
    `since` may leave some out.
    """

    memory: mmap.mmap
    runs: tuple[Run, ...]
    start: int
    end: int
    broken: int = 0
    taken: int = 0

    def __len__(self) -> int:
        return sum(len(run.offsets) for run in self.runs)

    def __bool__(self) -> bool:
        """A batch without any event still has to be `done`."""
        return True

    def split(self) -> tuple[Batch, tuple[bytes, ...]]:
        """Return the batch of events alone, and the records of canaries."""
        canaries = tuple(self._records(run) for run in self.runs if run.layout == CANARY_LAYOUT)
        runs = tuple(run for run in self.runs if run.layout != CANARY_LAYOUT)
        events = replace(self, runs=runs, taken=sum(len(run.offsets) for run in runs))
        return events, tuple(record for records in canaries for record in records)

    def _records(self, run: Run) -> list[bytes]:
        pairs = zip(run.offsets, run.lengths, strict=True)
        return [self.memory[offset : offset + length] for offset, length in pairs]

    def times(self, run: Run) -> list[int]:
        """Return the time of each record of a run, in nanoseconds since boot."""
        with memoryview(self.memory).cast("Q") as quads:
            if run.stride:
                first, step = (run.offsets[0] + 16) >> 3, run.stride >> 3
                with quads[first : first + len(run.offsets) * step : step] as times:
                    return times.tolist()
            return [quads[(offset + 16) >> 3] for offset in run.offsets]

    def since(self, time: int) -> Batch:
        """Return the batch without what happened before `time`, in nanoseconds since boot."""
        runs = (run.take([at for at, when in enumerate(self.times(run)) if when >= time]) for run in self.runs)
        return replace(self, runs=tuple(run for run in runs if run.offsets))

    def of_rules(self, wanted: Callable[[int, int], bool]) -> Batch:
        """Return the batch with the events of some rules only: `wanted` is told a layout's id and the rule's row."""
        runs = (
            run.take([at for at, offset in enumerate(run.offsets) if wanted(run.layout, self._rule(offset))])
            for run in self.runs
        )
        return replace(self, runs=tuple(run for run in runs if run.offsets))

    def _rule(self, offset: int) -> int:
        row: int = HEADER.unpack_from(self.memory, offset)[3]
        return row


class Ring:
    """One ring buffer, mapped.  There must be one consumer only: hold `lock.consumer` around it.

    `size` is the ring's `max_entries`, in bytes.  Raises `OSError` if the descriptor cannot be mapped.
    """

    def __init__(self, fd: int, size: int) -> None:
        page = mmap.PAGESIZE
        consumer = mmap.mmap(fd, page, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=0)
        producer = mmap.mmap(fd, page, mmap.MAP_SHARED, mmap.PROT_READ, offset=page)
        self._map(consumer, producer, size)
        self._fd: int | None = fd

    @classmethod
    def over(cls, consumer: mmap.mmap, data: mmap.mmap, size: int) -> Ring:
        """Return a ring over memory laid out as the kernel's: a page with the consumer position, then the rest."""
        ring = cls.__new__(cls)
        ring._map(consumer, data, size)
        ring._fd = None
        return ring

    def _map(self, consumer: mmap.mmap, rest: mmap.mmap, size: int) -> None:
        self.size = size
        self._maps = consumer, rest
        self._consumer = memoryview(consumer)[:8].cast("Q")
        self._producer = memoryview(rest)[:8].cast("Q")

    def _window(self, at: int, length: int) -> tuple[mmap.mmap, int]:
        """Return memory that holds `length` bytes of the data from `at` and a prefix more, and where in it they begin.

        Who unpacks records in one go takes as many bytes after the last one as there are before the next (`Run.stride`).
        The data is mapped twice, so there always is more.
        """
        page = mmap.PAGESIZE
        if self._fd is None:
            return self._maps[1], page + at
        inside = at % page
        whole = (inside + length + PREFIX + page - 1) // page * page
        return mmap.mmap(self._fd, whole, mmap.MAP_SHARED, mmap.PROT_READ, offset=2 * page + at - inside), inside

    @property
    def position(self) -> int:
        """Bytes consumed since the ring was made."""
        return int(self._consumer[0])

    @property
    def pending(self) -> int:
        """Bytes that wait, those of records still being written included."""
        return int(self._producer[0]) - self.position

    def read(self, limit: int = BATCH, after: int | None = None, span: int | None = None) -> Batch | None:
        """Return the next committed records, at most about `limit`; None if there are none.  Nothing is consumed yet.

        `after` is where to begin, if not at what was consumed: the `end` of a batch that is still in use.  `span`: no more
        than so many bytes.
        """
        position = self.position if after is None else after
        room = self.size if span is None else min(span, self.size)
        length = min(int(self._producer[0]) - position, room)
        if length < PREFIX:
            return None
        memory, start = self._window(position & (self.size - 1), length)
        with memoryview(memory).cast("I") as words:
            walk = _Walk(words, start, start + length, limit)
            runs = tuple(walk.runs())
        if walk.at == start:
            return None
        return Batch(memory, runs, position, position + walk.at - start, walk.broken)

    def advance(self, position: int) -> None:
        """Give the space before `position` (a batch's `end`) back to the kernel."""
        self._consumer[0] = position

    def close(self) -> None:
        """Unmap.  Batches must not be used any more."""
        for view in (self._consumer, self._producer):
            view.release()
        for mapped in self._maps:
            mapped.close()


class _Walk:
    """Goes from record to record, and takes long runs of equal ones in bulk."""

    def __init__(self, words: memoryview, start: int, end: int, limit: int) -> None:
        self._words, self.at, self._end, self._left = words, start, end, limit
        self.broken = 0

    def runs(self) -> Iterator[Run]:
        while self._left > 0 and (word := self._committed()) is not None:
            layout = self._words[(self.at >> 2) + _LAYOUT_WORD]
            count = self._equal(word, layout)
            if count >= _FIRST_BULK:
                yield self._bulk(word, layout, count)
            else:
                yield from self._mixed()

    def _committed(self) -> int | None:
        """Skip what was discarded; return the length of the next record that was committed, if there is one."""
        while self.at + PREFIX <= self._end:
            word: int = self._words[self.at >> 2]
            after = self.at + _stride(word & ~DISCARD)
            if word & BUSY or after > self._end:
                return None
            if not word & DISCARD and word >= HEADER.size:
                return word
            self.broken += not word & DISCARD
            self.at = after
        return None

    def _bulk(self, word: int, layout: int, count: int) -> Run:
        stride = _stride(word)
        first = self.at + PREFIX
        self.at += count * stride
        self._left -= count
        return Run(layout, range(first, first + count * stride, stride), [word] * count, stride)

    def _mixed(self) -> Iterator[Run]:
        """Yield a run for each layout of the records up to where a bulk is worth while."""
        words, at, end, left = self._words, self.at, self._end, self._left
        found: dict[int, tuple[list[int], list[int]]] = {}
        layout = last = equal = 0
        offsets: list[int] = []
        lengths: list[int] = []
        while left > 0 and at + PREFIX <= end and equal < _FIRST_BULK:
            word = words[at >> 2]
            after = at + ((word + 15) & ~7)
            if word >= DISCARD or word < HEADER.size or after > end:
                break
            key = words[(at >> 2) + _LAYOUT_WORD]
            equal = equal + 1 if word == last and key == layout else 0
            if key != layout or not found:
                offsets, lengths = found.setdefault(key, ([], []))
            offsets.append(at + PREFIX)
            lengths.append(word)
            at, last, layout, left = after, word, key, left - 1
        self.at, self._left = at, left
        for key, (starts, sizes) in found.items():
            yield Run(key, starts, sizes)

    def _equal(self, word: int, layout: int) -> int:
        """Return how many records from here on have this length word and this layout (at least 1)."""
        stride = _stride(word)
        room = min((self._end - self.at) // stride, self._left)
        step, count, bulk = stride >> 2, 0, _FIRST_BULK
        while count < room:
            bulk = min(bulk, room - count)
            first = (self.at >> 2) + count * step
            stop = first + bulk * step
            same = min(
                _same(self._words[first:stop:step].tolist(), word),
                _same(self._words[first + _LAYOUT_WORD : stop : step].tolist(), layout),
            )
            count += same
            if same < bulk:
                break
            bulk = min(bulk * 4, _LAST_BULK)
        return max(count, 1)


def _same(numbers: list[int], number: int) -> int:
    """Return how many of the numbers at the start are `number`."""
    if numbers.count(number) == len(numbers):
        return len(numbers)
    return next(index for index, found in enumerate(numbers) if found != number)


def _stride(length: int) -> int:
    return (length + PREFIX + 7) & ~7
