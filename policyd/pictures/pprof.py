"""Profiles for pprof: a gzipped `profile.proto`, which `go tool pprof`, Grafana Pyroscope and others read.

The message is written by hand: it takes five shapes of protocol buffers (https://protobuf.dev/programming-guides/encoding),
and their library would be a dependency of compiled code.  Numbers of fields are those of
github.com/google/pprof/proto/profile.proto.
"""

from __future__ import annotations

import gzip
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policyd.pictures.samples import Frame, Sample


@dataclass(frozen=True, slots=True)
class Meaning:
    """What values are: `offcpu` in `nanoseconds`, `samples` in `count`; `time` is when they were read, in ns since 1970."""

    type: str
    unit: str
    time: int = 0
    comment: str = ""


def pprof(samples: Iterable[Sample], meaning: Meaning) -> bytes:
    """Return the profile; labels stay labels (`-tagfocus`), frames have no addresses, only functions and files."""
    writer = _Writer()
    body = bytearray()
    body += _message(1, writer.value_type(meaning))
    for sample in samples:
        body += _message(2, writer.sample(sample))
    body += writer.tables()
    if meaning.comment:
        body += _number(13, writer.strings.number(meaning.comment))
    body += _number(9, meaning.time)
    body += b"".join(_message(6, text.encode()) for text in writer.strings.known)
    return gzip.compress(bytes(body), mtime=0)


T = TypeVar("T", bound=Hashable)


class _Numbers(Generic[T]):
    """Things by the numbers that they get as they come."""

    def __init__(self, first: int, *known: T) -> None:
        self._first = first
        self.known: dict[T, int] = {}
        for one in known:
            self.number(one)

    def number(self, thing: T) -> int:
        return self.known.setdefault(thing, self._first + len(self.known))


class _Writer:
    """What samples refer to: texts, functions, files.  A function is a location of its own, for there are no addresses."""

    def __init__(self) -> None:
        self.strings: _Numbers[str] = _Numbers(0, "")
        self._frames: _Numbers[Frame] = _Numbers(1)
        self._files: _Numbers[str] = _Numbers(1)

    def value_type(self, meaning: Meaning) -> bytes:
        return _number(1, self.strings.number(meaning.type)) + _number(2, self.strings.number(meaning.unit))

    def sample(self, sample: Sample) -> bytes:
        """Write a sample; pprof wants the innermost frame first."""
        places = b"".join(map(_varint, (self._frames.number(frame) for frame in reversed(sample.frames))))
        body = _message(1, places) + _message(2, _varint(sample.value))
        for column, text in sample.labels:
            label = _number(1, self.strings.number(column)) + _number(2, self.strings.number(text))
            body += _message(3, label)
        return body

    def tables(self) -> bytes:
        """Write files, locations and functions, after all samples."""
        body = bytearray()
        for frame, number in self._frames.known.items():
            file = self._files.number(frame.module or frame.kind.value)
            line = _message(4, _number(1, number))
            body += _message(4, _number(1, number) + _number(2, file) + line)
            name = self.strings.number(frame.name)
            body += _message(5, _number(1, number) + _number(2, name) + _number(3, name))
        for path, number in self._files.known.items():
            body += _message(3, _number(1, number) + _number(5, self.strings.number(path)) + _number(7, 1))
        return bytes(body)


def _varint(number: int) -> bytes:
    """Write a number in groups of 7 bits, the lowest first; negative ones are int64 in two's complement."""
    number &= (1 << 64) - 1
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _message(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(body)) + body
