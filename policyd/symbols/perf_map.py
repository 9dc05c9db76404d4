"""Perf maps: what programs that make code while they run (Java, Node.js, Python) tell of it in /tmp/perf-PID.map.

The file is in the process's own mount namespace and goes by its pid there.  It is believed, as perf does, only if it is
root's or the process's own user's; whatever is in it, it is read up to a limit and its names are made safe.
"""

from __future__ import annotations

import io
import os
from array import array
from bisect import bisect_right
from itertools import islice
from pathlib import Path

from policyd.elf.opening import open_regular
from policyd.text import safe_bytes

LARGEST = 32 << 20
MOST_LINES = 300_000
LONGEST_NAME = 1024


class PerfMap:
    """The functions of one file: lines of start and size, in hexadecimal, and a name.  Later lines count more."""

    def __init__(self, raw: bytes = b"", state: str = "") -> None:
        self.state = state
        rows: dict[int, tuple[int, bytes]] = {}
        for line in islice(io.BytesIO(raw), MOST_LINES):
            fields = line.rstrip().split(None, 2)
            try:
                start, size = int(fields[0], 16), int(fields[1], 16)
                if 0 <= start < 1 << 63 and 0 < size < 1 << 32 and len(fields) > 2:
                    rows[start] = (size, fields[2])
            except (IndexError, ValueError):
                continue
        self._starts = array("Q", sorted(rows))
        self._sizes = array("I", (rows[start][0] for start in self._starts))
        self._names = [rows[start][1] for start in self._starts]

    @property
    def weight(self) -> int:
        """About how many bytes of memory it takes."""
        return 12 * len(self._starts) + sum(64 + len(name) for name in self._names)

    def find(self, address: int) -> tuple[str, int] | None:
        """Return the name and the start of the function that an address is in, None if none is known."""
        index = bisect_right(self._starts, address) - 1
        if index < 0 or address - self._starts[index] >= self._sizes[index]:
            return None
        return safe_bytes(self._names[index], LONGEST_NAME), self._starts[index]


def read_perf_map(folder: str, known: PerfMap | None = None) -> PerfMap:
    """Return the perf map of the process with this folder of /proc: `known` if it has not changed, else empty or new.

    Of a process that has ended it stays `known`.
    """
    pid, uid = _pid_and_user(folder)
    if not pid and known is not None:
        return known
    fd = _open(folder, f"perf-{pid}.map") if pid else -1
    if fd < 0:
        return PerfMap()
    try:
        status = os.fstat(fd)
        state = f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"
        if known is not None and known.state == state:
            return known
        if status.st_uid not in {0, uid}:
            return PerfMap(state=state)
        with os.fdopen(os.dup(fd), "rb") as file:
            return PerfMap(file.read(LARGEST), state)
    except OSError:
        return PerfMap()
    finally:
        os.close(fd)


def _open(folder: str, name: str) -> int:
    """Open a file of the process's /tmp, step by step: a link there would lead out of its root; -1 without one."""
    opened: list[int] = []
    try:
        opened.append(os.open(f"{folder}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
        opened.append(os.open("tmp", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=opened[-1]))
        return open_regular(name, folder=opened[-1], follow=False)
    except OSError:
        return -1
    finally:
        for fd in opened:
            os.close(fd)


def _pid_and_user(folder: str) -> tuple[int, int]:
    """Return a process's pid in its own pid namespace and its user; zeros if it has ended."""
    try:
        lines = Path(f"{folder}/status").read_bytes().splitlines()
    except OSError:
        return 0, 0
    texts = {name: value.split() for name, _, value in (line.partition(b":") for line in lines)}
    try:
        return int(texts.get(b"NSpid", texts[b"Pid"])[-1]), int(texts[b"Uid"][1])
    except (KeyError, IndexError, ValueError):
        return 0, 0
