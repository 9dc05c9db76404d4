"""What a service manager is told: datagrams on the socket that `NOTIFY_SOCKET` names (sd_notify(3)).

In: words of `agent.py`'s main loop.  Out: nothing, where nobody asked to be told.
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress


class Notifier:
    """Tells the service manager; every call is quick, and silent about failures."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        given = dict(os.environ) if environment is None else environment
        path = given.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path  # `@`: an abstract socket
        pid = given.get("WATCHDOG_PID", "")
        mine = not pid or pid == str(os.getpid())
        micros = given.get("WATCHDOG_USEC", "")
        self.watchdog = int(micros) / 1e6 if mine and micros.isdigit() else 0.0
        self._status = ""

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending:
            sending.setblocking(False)
            sending.sendto("\n".join(lines).encode(), self._address)

    def ready(self) -> None:
        self._send("READY=1")

    def extend(self, seconds: float) -> None:
        """Ask for more time to start."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def reloading(self) -> None:
        """Say that a reload begins; `ready` ends it (`MONOTONIC_USEC` is asked for by `Type=notify-reload`)."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Show one line in `systemctl status`; said once."""
        if text != self._status:
            self._status = text
            self._send("STATUS=" + " ".join(text.split()))
