"""Files, folders and standard input as bytes: paths of a command line come in, `SourceFile`s go to `parsing`.

Each file is opened once and never again, so that what was checked is what is used.
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from policyd.document import MAX_FILE_BYTES
from policyd.errors import Problem
from policyd.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file's bytes (one more than `MAX_FILE_BYTES` at the most); `name` is as the user named it (`<stdin>` for `-`)."""

    name: str
    data: bytes


def read(paths: Iterable[str]) -> tuple[tuple[SourceFile, ...], tuple[Problem, ...]]:
    """Return what can be read of files, folders (recursive, `*.yaml` and `*.yml`, sorted) and `-`, and what cannot."""
    files: list[SourceFile] = []
    problems: list[Problem] = []
    seen: set[tuple[int, int]] = set()
    for path in paths:
        for name in _expand(path, problems):
            try:
                file = _read_once(name, seen)
            except OSError as error:
                problems.append(_unreadable(name, error))
            else:
                files += [file] if file else []
    return tuple(files), tuple(problems)


def _expand(path: str, problems: list[Problem]) -> Iterator[str]:
    """Give the files that `path` stands for; hidden names (a mounted ConfigMap's `..data`, `.git`) are left out."""
    if path == "-" or not FilePath(path).is_dir():
        yield path
        return
    found = 0
    errors: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=errors.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                found += 1
                yield str(FilePath(folder) / name)
    problems += [_unreadable(str(error.filename), error) for error in errors]
    if not found and not errors:
        message = f"folder {quote(path, 200)} holds no *.yaml or *.yml file"
        problems.append(Problem("no-files", message, severity="warning"))


def _read_once(name: str, seen: set[tuple[int, int]]) -> SourceFile | None:
    """Return a file's bytes; None if it was read before under another name."""
    if name == "-":
        return SourceFile("<stdin>", sys.stdin.buffer.read(MAX_FILE_BYTES + 1))
    with FilePath(name).open("rb") as file:
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode):
            key = (status.st_dev, status.st_ino)
            if key in seen:
                return None
            seen.add(key)
        return SourceFile(name, file.read(MAX_FILE_BYTES + 1))


def _unreadable(name: str, error: OSError) -> Problem:
    reason = os.strerror(error.errno) if error.errno else str(error)
    hint = "name a file, a folder, or `-` for standard input" if isinstance(error, FileNotFoundError) else ""
    return Problem("unreadable-file", f"cannot read {quote(name, 200)}: {reason}", hint=hint)
