"""Memory that was needed for a while, given back to the kernel; and fewer heaps for a process of many threads.

glibc keeps what is freed, in an arena a thread; a process that lives for months gives it back (malloc_trim(3)), and threads
that mostly wait share arenas (mallopt(3)).  Here because `ctypes` is nowhere else.
"""

from __future__ import annotations

import ctypes

_ARENA_MAX = -8  # M_ARENA_MAX of malloc.h
_ARENAS = 2


def give_back() -> None:
    """Return freed memory to the kernel, where the C library can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))


def share_arenas() -> None:
    """Have all threads that are started from now on share a few heaps, where the C library can."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(ctypes.c_int(_ARENA_MAX), ctypes.c_int(_ARENAS))
