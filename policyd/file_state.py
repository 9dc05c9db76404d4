"""Whether a path still leads to the same file with the same content, told without reading it.

A leaf: `elf` keeps what it read of a file for as long as its state stays, `places` and the kernel layer tell by it that a
file was replaced after offsets were found in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os


def file_state(status: os.stat_result) -> str:
    """Return what changes when a file is replaced or written to: an inode's number alone is given again to new files."""
    return f"{status.st_dev:x}-{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}"


def state_of(path: str) -> str:
    """Return the state of the file at a path (links followed), empty if there is none."""
    try:
        return file_state(Path(path).stat())
    except OSError:
        return ""
