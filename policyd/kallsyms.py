"""The kernel's functions by address, from /proc/kallsyms: its own, those of modules, BPF programs and trampolines.

In: the file's lines.  Out: for an address the function that it is in, with the module.  `naming` shows columns by it, and
`symbols` the frames of stacks.  A host has some 100,000 functions: they are kept in arrays, and their names in one text.
"""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.text import safe_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LONGEST_FUNCTION = 1 << 20
"""Bytes: the file has no sizes, so that a function goes on to the next symbol, but never further than this."""

MOST_SYMBOLS = 4_000_000
_MOST_FOUND = 65_536
_FRESH, _OLD = 10.0, 300.0
"""Seconds that a reading stands for what is not in it, and for what is."""

_CODE = frozenset(b"tTwW")
_MOST_MODULES = 0xFFFF


@dataclass(frozen=True, slots=True)
class KernelFunction:
    """A function of the kernel from `address`; `module` is empty for the kernel's own, `bpf` for BPF programs."""

    name: str
    address: int
    module: str = ""


class KernelFunctions:
    """The functions of one reading of the file.

    `hidden`: there are functions, but their addresses are all 0, as the kernel shows them to who may not know.  Of several
    names of one address the first counts, as for the kernel itself.
    """

    def __init__(self, lines: Iterable[bytes] = ()) -> None:
        self._addresses, self._ends, self._names = array("Q"), array("I"), array("I")
        self._of_module, self._modules = array("H"), [""]
        self._text = b""
        self.hidden = False
        self._fill(lines)

    @classmethod
    def read(cls, path: Path) -> KernelFunctions:
        """Read the file; without it, or without being allowed to, there are no functions."""
        try:
            with path.open("rb") as lines:
                return cls(lines)
        except OSError:
            return cls()

    def __len__(self) -> int:
        return len(self._addresses)

    def find(self, address: int) -> KernelFunction | None:
        """Return the function that an address is in, None outside of all."""
        index = bisect_right(self._addresses, address) - 1
        if index < 0 or address - self._addresses[index] >= self._ends[index]:
            return None
        at = self._names[index]
        name = safe_bytes(self._text[at : self._text.index(b"\n", at)])
        return KernelFunction(name, self._addresses[index], self._modules[self._of_module[index]])

    def _fill(self, lines: Iterable[bytes]) -> None:
        text, numbers, seen = bytearray(), {"": 0}, 0
        addresses, names, modules, walls = array("Q"), array("I"), array("H"), array("Q")
        for address, is_code, name, module in _rows(lines):
            seen += is_code
            if not is_code or not address:
                walls.append(address)
                continue
            addresses.append(address)
            names.append(len(text))
            modules.append(numbers.setdefault(module, min(len(numbers), _MOST_MODULES)))
            text += name + b"\n"
        self.hidden = bool(seen) and not addresses
        self._text, self._modules = bytes(text), list(numbers)
        self._sort(addresses, names, modules, sorted(walls))

    def _sort(self, addresses: array[int], names: array[int], modules: array[int], walls: list[int]) -> None:
        """Keep one function an address, with its size: up to the next function, or the next symbol that is no code."""
        last = -1
        for index in sorted(range(len(addresses)), key=addresses.__getitem__):
            address = addresses[index]
            if address == last:
                continue
            if self._addresses:
                self._ends.append(_size(last, address, walls))
            self._addresses.append(address)
            self._names.append(names[index])
            self._of_module.append(modules[index])
            last = address
        if self._addresses:
            self._ends.append(_size(last, last + LONGEST_FUNCTION, walls))


class KernelSymbols:
    """The functions of the running kernel.

    The file is read when the first address is asked for, and again after a while: modules and BPF programs come and go.
    """

    def __init__(self, path: Path = Path("/proc/kallsyms"), clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._functions: KernelFunctions | None = None
        self._found: dict[int, KernelFunction] = {}
        self._read_at = 0.0

    def find(self, address: int) -> KernelFunction | None:
        """Return the function that an address is in, None if none is known."""
        age = self._clock() - self._read_at
        if self._functions is None or age >= _OLD:
            return self._read().find(address)
        found = self._found.get(address) or self._functions.find(address)
        if found is None:
            return self._read().find(address) if age >= _FRESH else None
        if len(self._found) < _MOST_FOUND:
            self._found[address] = found
        return found

    @property
    def why_none(self) -> str:
        """Why no kernel address has a name here, and what to do; empty where they have."""
        functions = self._functions or self._read()
        if functions.hidden:
            return (
                "the kernel hides the addresses of its functions (kernel.kptr_restrict, CAP_SYSLOG is missing):"
                " try again as root, with `sysctl kernel.kptr_restrict=1`"
            )
        return "" if len(functions) else f"{self._path} has no functions or cannot be read: the kernel needs CONFIG_KALLSYMS"

    def _read(self) -> KernelFunctions:
        self._functions, self._read_at, self._found = KernelFunctions.read(self._path), self._clock(), {}
        return self._functions


@cache
def running_kernel() -> KernelSymbols:
    """Return the functions of the running kernel, the same ones for all who ask."""
    return KernelSymbols()


def _size(start: int, following: int, walls: list[int]) -> int:
    index = bisect_left(walls, start + 1)
    end = min(following, walls[index]) if index < len(walls) else following
    return min(end - start, LONGEST_FUNCTION)


def _rows(lines: Iterable[bytes]) -> Iterator[tuple[int, bool, bytes, str]]:
    """Yield (address, whether it is code, name, module) of lines such as `ffffffffc0201000 t ext4_sync_fs\\t[ext4]`."""
    for number, line in enumerate(lines):
        fields = line.split(None, 4)
        if len(fields) < 3 or number >= MOST_SYMBOLS:
            continue
        module = safe_bytes(fields[3].strip(b"[]")) if len(fields) > 3 else ""
        try:
            yield int(fields[0], 16), fields[1][0] in _CODE, fields[2], module
        except ValueError:
            continue
