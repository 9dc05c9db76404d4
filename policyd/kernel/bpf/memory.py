"""Memory that was needed for a while, given back to the kernel.

Resolving and building a hundred policies takes tens of megabytes for a second.  glibc keeps what is freed, in an arena a
thread; a process that lives for months gives it back (malloc_trim(3)).  Here because `ctypes` is nowhere else.
"""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Return freed memory to the kernel, where the C library can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))
