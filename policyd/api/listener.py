"""The sockets that the API listens on: Unix sockets that only root reaches, and TCP.

A Unix socket is made beside its place and renamed into it, so that there is never one that others could open, nor a moment
without one when a new agent takes over.  What stands there is replaced only if it is a socket that nobody answers at.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.errors import LockError, OwnershipError, UsageError
from policyd.text import safe

if TYPE_CHECKING:
    from policyd.config.address import Listen

_PROBE_SECONDS = 1.0


@dataclass(slots=True)
class Listener:
    """A bound socket that does not listen yet.  `inode` (device, number) is that of a Unix socket's file."""

    where: Listen
    socket: socket.socket
    inode: tuple[int, int] | None = None

    @property
    def port(self) -> int:
        """The TCP port that it got."""
        return 0 if self.where.path else int(self.socket.getsockname()[1])

    def close(self) -> None:
        """Close the socket, and remove its file unless another agent has put its own there."""
        self.socket.close()
        if self.inode is not None and _inode(self.where.path) == self.inode:
            Path(self.where.path).unlink(missing_ok=True)


def open_listener(where: Listen) -> Listener:
    """Bind to an address.

    Raises `LockError` if another process listens there, `OwnershipError` if the place is not safe, `UsageError` if it fails.
    """
    return _unix(where) if where.path else _tcp(where)


def _tcp(where: Listen) -> Listener:
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((where.host, where.port))
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRINUSE:
            raise LockError(f"another process listens at {where}: stop it, or choose another port") from None
        raise UsageError(f"cannot listen at {where}: {error.strerror or error}") from None
    return Listener(where, found)


def _unix(where: Listen) -> Listener:
    path = Path(where.path)
    _make_folder(path.parent)
    _refuse_taken(path)
    aside = path.with_name(f".{os.getpid()}")  # no longer than the name that it gets
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        aside.unlink(missing_ok=True)
        found.bind(str(aside))
        aside.chmod(0o600)
        found.listen()
        inode = _inode(str(aside))
        aside.rename(path)
    except OSError as error:
        found.close()
        aside.unlink(missing_ok=True)
        raise UsageError(f"cannot listen at {where}: {error.strerror or error}") from None
    return Listener(where, found, inode)


def _make_folder(folder: Path) -> None:
    """Make the socket's folder for its owner alone; one that is there must not be one where others can put sockets."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError as error:
        raise UsageError(f"cannot make the folder {safe(str(folder))}: {error.strerror}") from None
    if status.st_uid not in {0, os.geteuid()} or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise OwnershipError(
            f"others may write to {safe(str(folder))}, and could put a socket of theirs in the place of the agent's:"
            f" choose a folder of root's own, or `chmod go-w` it"
        )


def _refuse_taken(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OwnershipError(f"{safe(str(path))} is there and is no socket: policyd leaves it alone; remove it yourself")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_SECONDS)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return
        except OSError:  # it is full, or slow: somebody is there
            pass
    raise LockError(f"another agent answers at {safe(str(path))}: stop it, or give this one another socket")


def _inode(path: str) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
