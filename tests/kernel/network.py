"""A network namespace for the length of a `with` block, and packets in it."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def private_network() -> Iterator[None]:
    """Move this thread (and what it forks) into a new network namespace with `lo` up, and back at the end."""
    before = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        yield
    finally:
        if _libc.setns(before, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        os.close(before)


def send(number: int, port: int = 9) -> None:
    """Send UDP packets through `lo`; each passes its XDP hook once before `sendto` returns to a blocking sender."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as into:
        into.bind(("127.0.0.1", 0))
        into.settimeout(5)
        for _ in range(number):
            out.sendto(b"x", ("127.0.0.1", into.getsockname()[1] if port == 9 else port))
            into.recv(16)
