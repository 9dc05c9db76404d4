"""Batches that wait on disk while a sink is away: segments that are only ever appended to, in a folder of their own.

`backlog.py` writes and reads it.  A spool survives its process, kill -9 included: what `append` has written is there at the
next start.  A record that was being written when the process died is cut off (its events were never taken, so they still
are where they came from).  Damage elsewhere is found by checksums, and its events are counted.

    segment-<number, 20 digits>    records, from that number on: magic, payload length, number, events, CRC-32; the payload
    cursor                         number of the first record that is not settled, CRC-32
    lock                           held by the one process that uses the folder
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import zlib
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from policyd.errors import LockError, OwnershipError, PolicydError
from policyd.sinks.sink import Lines

if TYPE_CHECKING:
    from collections.abc import Iterator

Sync = Literal["never", "segment", "always"]
"""When data is forced to the disk: only that outlives a power cut; a killed process loses nothing either way."""

_RECORD = struct.Struct("<4sIQII")
_CURSOR = struct.Struct("<QI")
_MAGIC = b"pdS1"
_OPEN = os.O_CLOEXEC | os.O_NOFOLLOW
_MAX_SEGMENT = 16 << 20


class SpoolError(PolicydError):
    """The spool's folder cannot be used."""


@dataclass(slots=True)
class _Segment:
    """One file.  `first` and `end` are numbers of records; `at`, `next` and `events` say what of it is not settled."""

    path: Path
    first: int
    end: int
    size: int
    events: int
    at: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """Records as they were read: their numbers and batches, and how many events were found damaged on the way."""

    batches: tuple[tuple[int, Lines], ...]
    damaged: int = 0


class Spool:
    """A bounded queue of numbered batches on disk.  Numbers grow.  For one thread at a time.

    `bytes` is what it takes, `events` what waits; `start` is the first number that is not settled, `end` the next one.
    Raises `SpoolError`, `OwnershipError` (the folder is not ours alone) or `LockError` (another process has it).
    """

    def __init__(self, path: str, max_bytes: int, sync: Sync = "never") -> None:
        self.path, self.max_bytes, self._sync = Path(path), max_bytes, sync
        self._segment_bytes = max(1, min(max_bytes // 8, _MAX_SEGMENT))
        self.bytes = self.events = 0
        self._segments: deque[_Segment] = deque()
        self._tail: int | None = None
        self._cursor = -1
        self.start = self.end = 0
        self._folder = _take_folder(self.path)
        try:
            self._recover()
        except OSError as error:
            self.close()
            raise SpoolError(f"spool {path}: {error.strerror}") from error

    # -- writing -----------------------------------------------------------------------------------------

    def append(self, number: int, lines: Lines, keep: int = 0) -> int:
        """Write a batch; return how many events had to go to make room.

        The oldest go; those of records below `keep` are not counted.  Raises `OSError` if the disk does not take it;
        nothing of it stays then.
        """
        payload = msgspec.msgpack.encode((lines.policy, lines.severity, dict(lines.labels), lines.data))
        head = _MAGIC, len(payload), number, lines.count
        record = _RECORD.pack(*head, zlib.crc32(payload, _head_check(*head))) + payload
        gone = self._make_room(len(record), keep)
        self.end = number + 1
        if len(record) > self.max_bytes:
            return gone + lines.count
        if self._tail is None or self._segments[-1].size >= self._segment_bytes:
            self._start(number)
        self._write(record)
        last = self._segments[-1]
        last.size, last.end, last.events = last.size + len(record), number + 1, last.events + lines.count
        self.bytes, self.events = self.bytes + len(record), self.events + lines.count
        return gone

    def drop_oldest(self, keep: int = 0) -> int:
        """Give up the oldest segment; return its events, those of records below `keep` not counted."""
        return self._drop(keep) if self._segments else 0

    def _make_room(self, size: int, keep: int) -> int:
        gone = 0
        while self._segments and self.bytes + size > self.max_bytes:
            gone += self._drop(keep)
        return gone

    def _drop(self, keep: int) -> int:
        segment = self._segments[0]
        kept = sum(count for number, count, *_ in _records(segment) if number < keep)
        self._remove_first()
        return segment.events - kept

    def _remove_first(self) -> None:
        segment = self._segments.popleft()
        self.bytes, self.events = self.bytes - segment.size, self.events - segment.events
        if not self._segments:
            self._finish()
        segment.path.unlink(missing_ok=True)

    def _start(self, number: int) -> None:
        self._finish()
        path = self.path / f"segment-{number:020d}"
        self._tail = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | _OPEN, 0o600)
        self._segments.append(_Segment(path, number, number, 0, 0))
        if self._sync != "never":
            _sync_folder(self.path)

    def _finish(self) -> None:
        if self._tail is not None:
            if self._sync == "segment":
                os.fdatasync(self._tail)
            os.close(self._tail)
            self._tail = None

    def _write(self, record: bytes) -> None:
        assert self._tail is not None
        try:
            _write_whole(self._tail, record)
            if self._sync == "always":
                os.fdatasync(self._tail)
        except OSError:
            os.ftruncate(self._tail, self._segments[-1].size)
            raise

    # -- reading -----------------------------------------------------------------------------------------

    def read(self, events: int, size: int) -> Found:
        """Return the oldest batches, at least one if there is any, together about so many events and bytes."""
        found: list[tuple[int, Lines]] = []
        damaged = 0
        while self._segments and not found:
            segment = self._segments[0]
            found = list(_batches(segment, events, size))
            if not found:
                damaged += segment.events
                self._remove_first()
        return Found(tuple(found), damaged)

    def discard(self, end: int) -> None:
        """Settle every record below `end`: it does not come again, not after a restart either."""
        while self._segments and self._segments[0].end <= end:
            self._remove_first()
        if self._segments and self._segments[0].first < end:
            self.events -= _skip(self._segments[0], end)
        if end > self.start:
            self.start = end
            self._write_cursor()

    def _write_cursor(self) -> None:
        check = zlib.crc32(struct.pack("<Q", self.start))
        with suppress(OSError):  # without room for 12 bytes, some come twice after a restart
            os.pwrite(self._cursor, _CURSOR.pack(self.start, check), 0)

    # -- beginning and end -------------------------------------------------------------------------------

    def _recover(self) -> None:
        """Find what an earlier process left: cut a torn end off, forget what was settled."""
        self._cursor = os.open(self.path / "cursor", os.O_RDWR | os.O_CREAT | _OPEN, 0o600)
        for path in sorted(self.path.glob("segment-*")):
            first = int(path.name.removeprefix("segment-"))
            segment = _Segment(path, first, first, path.lstat().st_size, 0)
            rows = list(_records(segment))
            segment.size = rows[-1][2] + rows[-1][3] if rows else 0
            segment.end = rows[-1][0] + 1 if rows else first
            segment.events = sum(row[1] for row in rows)
            os.truncate(path, segment.size)
            self._segments.append(segment)
            self.bytes, self.events = self.bytes + segment.size, self.events + segment.events
        self.end = self._segments[-1].end if self._segments else 0
        raw = os.pread(self._cursor, _CURSOR.size, 0)
        settled = 0
        if len(raw) == _CURSOR.size:
            number, check = _CURSOR.unpack(raw)
            settled = number if zlib.crc32(raw[:8]) == check else 0
        self.end = max(self.end, settled)
        self.discard(settled)

    def close(self) -> None:
        """Let go of the folder; what is in it stays."""
        self._finish()
        for fd in (self._cursor, self._folder):
            if fd >= 0:
                os.close(fd)


def _sync_folder(path: Path) -> None:
    """Have the name of a new segment on the disk too."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _take_folder(path: Path) -> int:
    """Make the folder if it is not there, and be the one process that uses it; return its lock's descriptor."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise OwnershipError(f"spool {path}: not a folder that this user alone may write to: chown it, chmod 0700")
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | _OPEN, 0o600)
    except OSError as error:
        raise SpoolError(f"spool {path}: {error.strerror}; its parent folder must exist") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise LockError(f"spool {path}: another process uses it; every sink needs a spool of its own") from None
    return lock


def _write_whole(fd: int, record: bytes) -> None:
    if os.write(fd, record) != len(record):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _head_check(magic: bytes, length: int, number: int, count: int) -> int:
    return zlib.crc32(_RECORD.pack(magic, length, number, count, 0)[:-4])


def _open(segment: _Segment) -> int | None:
    """Return a descriptor; None for a file that somebody took away, which is damage like any other."""
    try:
        return os.open(segment.path, os.O_RDONLY | _OPEN)
    except OSError:
        return None


def _records(segment: _Segment) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, events, offset and length of each whole record from `at` on, payloads not looked at."""
    fd = _open(segment)
    if fd is None:
        return
    try:
        at = segment.at
        while len(head := os.pread(fd, _RECORD.size, at)) == _RECORD.size:
            magic, length, number, count, _ = _RECORD.unpack(head)
            if magic != _MAGIC or at + _RECORD.size + length > segment.size:
                return
            yield number, count, at, _RECORD.size + length
            at += _RECORD.size + length
    finally:
        os.close(fd)


def _batches(segment: _Segment, events: int, size: int) -> Iterator[tuple[int, Lines]]:
    """Yield the batches of a segment from `at` on; ends before a damaged one."""
    fd = _open(segment)
    if fd is None:
        return
    try:
        at = segment.at
        while events > 0 and size > 0 and len(head := os.pread(fd, _RECORD.size, at)) == _RECORD.size:
            *facts, check = _RECORD.unpack(head)
            magic, length, number, count = facts
            payload = os.pread(fd, length, at + _RECORD.size) if magic == _MAGIC and length <= segment.size else b""
            if len(payload) != length or zlib.crc32(payload, _head_check(*facts)) != check:
                return
            policy, severity, labels, data = _decode(payload)
            yield number, Lines(policy, severity, data, count, labels)
            at, events, size = at + _RECORD.size + length, events - count, size - length
    finally:
        os.close(fd)


_decode = msgspec.msgpack.Decoder(tuple[str, str, dict[str, str], bytes]).decode


def _skip(segment: _Segment, end: int) -> int:
    """Move a segment's start to the first record that is not below `end`; return the events before it."""
    before = segment.events
    for number, count, at, length in _records(segment):
        if number >= end:
            break
        segment.at, segment.events, segment.first = at + length, segment.events - count, number + 1
    return before - segment.events
