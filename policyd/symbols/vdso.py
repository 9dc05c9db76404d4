"""The functions of `[vdso]`, the page of code that the kernel maps into every process: read from policyd's own memory."""

from __future__ import annotations

import io
import os
from functools import cache

from policyd.elf import CodeMap, ElfError, Image
from policyd.symbols.mappings import read_mappings

VDSO = "[vdso]"
_LARGEST = 1 << 20


@cache
def vdso(size: int) -> CodeMap:
    """Return the functions of a vdso of `size` bytes; none if ours has another size, as that of 32-bit processes has."""
    own = next((mapping for mapping in read_mappings("/proc/self") if mapping.path == VDSO), None)
    if own is None or own.end - own.start != size or size > _LARGEST:
        return CodeMap()
    try:
        fd = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            raw = os.pread(fd, size, own.start)
        finally:
            os.close(fd)
        return CodeMap.read(Image(io.BytesIO(raw), len(raw), VDSO))
    except (OSError, ElfError):
        return CodeMap()
