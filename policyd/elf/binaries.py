"""`Binaries`: files of this host by path or library name, each read once as long as it stays the same."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path

from policyd.elf.binary import Binary
from policyd.elf.image import ElfError, shown
from policyd.elf.libraries import find_library
from policyd.file_state import file_state

MOST_KEPT = 16
"""Files whose symbols are kept: 30 MB for a program with 100,000 functions."""


class Binaries:
    """What the resolver asks of files.  A *place* is an absolute path, or the name of a library without any `/`."""

    def __init__(self, arch: str) -> None:
        self.arch = arch
        self._kept: OrderedDict[str, Binary] = OrderedDict()

    def open(self, place: str) -> Binary:
        """Return the file at a place as it is now; `ElfError`."""
        path = self._path(place)
        known = self._kept.pop(path, None)
        if known is None or known.state != _state(path):
            known = Binary.open(path)
        self._kept[path] = known
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return known

    def state(self, place: str) -> str:
        """Return what changes when the place leads to another file, or to another content; empty if to none."""
        try:
            path = self._path(place)
            return f"{path} {_state(path)}"
        except (ElfError, OSError):
            return ""

    def _path(self, place: str) -> str:
        return os.path.realpath(place) if place.startswith("/") else find_library(place, self.arch)


def _state(path: str) -> str:
    try:
        return file_state(Path(path).stat())
    except OSError as error:
        raise ElfError(f"{shown(path)} cannot be read: {error.strerror}") from None
