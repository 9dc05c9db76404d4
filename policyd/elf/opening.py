"""Files of others, opened for reading without touching what is no file: to open a device may already do something."""

from __future__ import annotations

import os
import stat

_LOOK = os.O_PATH | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class NotRegularError(OSError):
    """A folder, a device, a pipe or a socket."""


def open_regular(path: str, *, folder: int | None = None, follow: bool = True) -> int:
    """Open a regular file and return its descriptor; `NotRegularError` for anything else, `OSError` as open(2).

    `folder` is what a relative path begins at; without `follow` a link is nothing that can be opened.
    """
    found = os.open(path, _LOOK | (0 if follow else os.O_NOFOLLOW), dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(found).st_mode):
            raise NotRegularError(f"{path} is no regular file")
        return os.open(f"/proc/self/fd/{found}", _READ)
    finally:
        os.close(found)
