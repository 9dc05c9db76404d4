"""Where the agent listens, and where syslog is: `unix:/path`, `http://host:port`, `udp://host:port` as parts.

Parsers raise `ValueError` with what was expected, in words that follow "expected".
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

_LONGEST_SOCKET = 107
"""Bytes of a Unix socket's path: `sun_path` has 108, with its NUL (unix(7))."""


@dataclass(frozen=True, slots=True)
class Listen:
    """A Unix socket (`path`), or HTTP over TCP (`host` and `port`; port 0 is any free one)."""

    path: str = ""
    host: str = ""
    port: int = 0

    @property
    def commands(self) -> bool:
        """Whether commands are taken there: whoever reaches the API's commands is as good as root."""
        return bool(self.path)

    @property
    def remote(self) -> bool:
        """Whether other hosts may reach it."""
        return not self.path and not is_loopback(self.host)

    def __str__(self) -> str:
        return f"unix:{self.path}" if self.path else f"http://{_host_port(self.host, self.port)}"


@dataclass(frozen=True, slots=True)
class SyslogAddress:
    """A syslog daemon: a Unix datagram socket (`path`), or a host and port over UDP or TCP."""

    network: Literal["unix", "udp", "tcp"]
    path: str = ""
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        return self.path or f"{self.network}://{_host_port(self.host, self.port)}"


def is_loopback(host: str) -> bool:
    """Whether `host` is `localhost` or an address that no other host can reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_socket_path(path: str) -> bool:
    """Whether a Unix socket can have this path: absolute, and short enough for the kernel."""
    return path.startswith("/") and not path.endswith("/") and len(os.fsencode(path)) <= _LONGEST_SOCKET


def parse_listen(text: str) -> Listen:
    """Return what `unix:/run/policyd/agent.sock` or `http://127.0.0.1:9633` says."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not is_socket_path(path):
            raise ValueError(f"an absolute path of at most {_LONGEST_SOCKET} bytes, as unix:/run/policyd/agent.sock")
        return Listen(path=path)
    expected = "unix:/path, or http://host:port, as http://127.0.0.1:9633"
    host, port = _split(text, ("http",), expected)
    return Listen(host=host, port=port)


def parse_syslog(text: str) -> SyslogAddress:
    """Return what `/dev/log`, `udp://host:514` or `tcp://host:601` says."""
    expected = "a socket's path, as /dev/log, or udp://host:port, or tcp://host:port"
    if text.startswith("/"):
        if not is_socket_path(text):
            raise ValueError(expected)
        return SyslogAddress("unix", path=text)
    host, port = _split(text, ("udp", "tcp"), expected)
    if not port:
        raise ValueError(expected)
    return SyslogAddress("udp" if text.startswith("udp:") else "tcp", host=host, port=port)


def _split(text: str, schemes: tuple[str, ...], expected: str) -> tuple[str, int]:
    """Return host and port of a URL that has nothing else."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(expected) from None
    plain = f"{parts.scheme}://{_host_port(host or '', port or 0)}"
    if parts.scheme not in schemes or not host or port is None or text.rstrip("/").lower() != plain:
        raise ValueError(expected)
    return host, port


def _host_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
