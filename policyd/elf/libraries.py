"""Shared libraries by name, as the dynamic loader finds them: /etc/ld.so.cache, then the directories that it looks into.

The cache's format is that of glibc (elf/cache.c, `struct cache_file_new`); a host without one (musl) is searched.  Variants
for newer processors (glibc-hwcaps) are left aside: name them by path.
"""

from __future__ import annotations

import os
import re
import struct
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.elf.image import ElfError
from policyd.file_state import state_of
from policyd.text import did_you_mean, one_of, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CACHE = "/etc/ld.so.cache"
_LARGEST_CACHE = 64 << 20
_MAGIC = b"glibc-ld.so.cache1.1"
_HEADER = 48
_ENTRY = struct.Struct("<iIIIQ")  # flags, key, value, osversion, hwcap
_FLAGS = {"x86_64": (0x0301, 0x0303), "aarch64": (0x0A01, 0x0A03)}
"""FLAG_ELF and FLAG_ELF_LIBC6 with the architecture's bits (sysdeps/generic/ldconfig.h)."""

_TUPLES = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu"}


def directories(arch: str) -> tuple[str, ...]:
    """Return where loaders look without being told: multiarch, 64-bit and plain directories."""
    multiarch = _TUPLES[arch]
    return (
        *(f"/lib/{multiarch}", f"/usr/lib/{multiarch}", f"/usr/local/lib/{multiarch}"),
        *("/lib64", "/usr/lib64", "/usr/local/lib64", "/lib", "/usr/lib", "/usr/local/lib"),
    )


def find_library(name: str, arch: str, cache: str = CACHE) -> str:
    """Return the path of the library `name`: `libc.so.6`, or short for it `libc` or `c`.

    `ElfError` with near misses if there is none, with the versions if there are several.
    """
    cached = _in_cache(cache, state_of(cache), arch)
    if found := _chosen(name, cached):
        return found
    listed = dict(_listed(directories(arch)))
    if found := _chosen(name, listed):
        return found
    names = [*cached, *listed]
    hint = did_you_mean(name, [*names, *(soname.partition(".so")[0] for soname in names)])
    raise ElfError(f"there is no library {quote(name)}" + (f"; {hint}" if hint else "; give its path"))


def _chosen(name: str, known: Mapping[str, str]) -> str:
    """Return the one library that a name means; empty if there is none."""
    if name in known:
        return os.path.realpath(known[name])
    pattern = re.compile(rf"(lib)?{re.escape(name)}\.so(\.[0-9.]+)?")
    found = {os.path.realpath(path): soname for soname, path in sorted(known.items()) if pattern.fullmatch(soname)}
    if len(found) > 1:
        raise ElfError(f"there are several libraries {quote(name)}: name one of {one_of(sorted(found.values()))}")
    return next(iter(found), "")


@lru_cache(maxsize=2)
def _in_cache(cache: str, _state: str, arch: str) -> Mapping[str, str]:
    """Return the paths of the libraries in the loader's cache by their names; it is read again when its state changes."""
    return dict(_cached(cache, arch))


def _cached(cache: str, arch: str) -> Iterator[tuple[str, str]]:
    """Yield (soname, path) of the libraries of an architecture in the loader's cache; nothing if it cannot be read."""
    try:
        with Path(cache).open("rb") as file:
            raw = file.read(_LARGEST_CACHE)
    except OSError:
        return
    start = raw.find(_MAGIC)
    if start < 0 or start + _HEADER > len(raw):
        return
    table = raw[start:]
    count = min(int.from_bytes(table[20:24], "little"), (len(table) - _HEADER) // _ENTRY.size)
    for number in range(count):
        flags, name, path, _, hwcap = _ENTRY.unpack_from(table, _HEADER + number * _ENTRY.size)
        if flags in _FLAGS[arch] and not hwcap:
            yield _text(table, name), _text(table, path)


def _text(table: bytes, offset: int) -> str:
    end = table.find(b"\0", offset)
    return os.fsdecode(table[offset:end]) if 0 <= offset < end else ""


def _listed(folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield (file name, path) of what looks like a library; the first directory wins."""
    seen = set()
    for folder in folders:
        try:
            names = sorted(path.name for path in Path(folder).iterdir())
        except OSError:
            continue
        for name in names:
            if re.search(r"\.so(\.[0-9.]+)?$", name) and name not in seen:
                seen.add(name)
                yield name, f"{folder}/{name}"
