"""System calls as 32-bit callers make them: by `int $0x80` from this 64-bit process, with numbers of the 32-bit table."""

from __future__ import annotations

import ctypes
import mmap
import struct

OPENAT, CONNECT, GETPPID, SOCKETCALL = 295, 362, 64, 102
"""Numbers of arch/x86/entry/syscalls/syscall_32.tbl."""
SOCKETCALL_CONNECT = 3
GARBAGE = 0x5EAD << 40
"""In the upper half of a register, where no 32-bit caller can put anything: the kernel does not look at it."""

_MAP_PRIVATE, _MAP_ANONYMOUS, _MAP_32BIT = 0x02, 0x20, 0x40
# f(number, a, b, c, d, e): push rbx, rbp; eax = number; bx cx dx si di = a…e; bp = 0; int 0x80; pop rbp, rbx; ret
_CODE = bytes.fromhex("53 55 89f8 4889f3 4887d1 4c89c6 4c89cf 31ed cd80 5d 5b c3")
_FUNCTION = ctypes.CFUNCTYPE(ctypes.c_long, *[ctypes.c_ulong] * 6)


class Caller:
    """Makes calls; what their arguments point to is put below 4 GiB."""

    def __init__(self) -> None:
        self._code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._code.write(_CODE)
        self._call = _FUNCTION(ctypes.addressof(ctypes.c_char.from_buffer(self._code)))
        self._low, self._used = _low_page(), 0

    def call(self, number: int, *arguments: int) -> int:
        """Return the result: below zero it is an errno."""
        every = [argument & (1 << 64) - 1 for argument in (*arguments, 0, 0, 0, 0, 0)[:5]]
        return int(self._call(number, *every))

    def text(self, text: str) -> int:
        """Return the address of a string."""
        return self._put(text.encode() + b"\0")

    def words(self, *numbers: int) -> int:
        """Return the address of numbers of 4 bytes each."""
        return self._put(struct.pack(f"<{len(numbers)}i", *numbers))

    def _put(self, data: bytes) -> int:
        address = self._low + self._used
        ctypes.memmove(address, data, len(data))
        self._used += -(-len(data) // 8) * 8
        return address


def _low_page() -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    flags = _MAP_PRIVATE | _MAP_ANONYMOUS | _MAP_32BIT
    found = libc.mmap(None, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0)
    assert found is not None
    assert 0 < found < 1 << 32
    return int(found)
