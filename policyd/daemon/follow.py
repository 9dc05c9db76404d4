"""What the agent follows of its host: interfaces and cgroups, as far as resolving policies has asked for them.

In: the questions of `resolve`.  Out: whether the answers are others by now, so that policies are resolved anew: globs and
scopes stay true.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from policyd.host import Host

if TYPE_CHECKING:
    from collections.abc import Callable

Asked = tuple[dict[str, str] | None, str, dict[str, bool]]
"""Interfaces, where cgroup v2 is, and which cgroups were there."""


class Surroundings:
    """Makes hosts that remember what they were asked.  `changed` may be called from another thread than `host`."""

    def __init__(self, look: Callable[[], Host] = Host.running) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._interfaces: dict[str, str] | None = None
        self._cgroups: dict[str, bool] = {}
        self._root = ""
        self._asked = False

    def host(self) -> Host:
        """Return the host as it is now; what is asked of it is followed from now on."""
        fresh = self._look()
        with self._lock:
            self._interfaces, self._root, self._cgroups = _plain(fresh), fresh.cgroup_root, {}
            self._asked = True

        def has_cgroup(path: str) -> bool:
            answer = fresh.has_cgroup(path)
            with self._lock:
                self._cgroups[path] = answer
            return answer

        return replace(fresh, has_cgroup=has_cgroup)

    def asked(self) -> Asked | None:
        """Return what was asked of the last host, and answered; None if there was none."""
        with self._lock:
            return (self._interfaces, self._root, dict(self._cgroups)) if self._asked else None

    def learn(self, asked: Asked | None) -> None:
        """Follow what another process has asked (`asked`)."""
        if asked is not None:
            with self._lock:
                self._interfaces, self._root, self._cgroups = asked
                self._asked = True

    def changed(self) -> str:
        """Return what is another than when policies were last resolved (in a few words), or nothing; told once."""
        fresh = self._look()
        now = _plain(fresh)
        with self._lock:
            known, root, cgroups = self._interfaces, self._root, self._cgroups
            self._interfaces, self._root = now, fresh.cgroup_root
            self._cgroups = {path: fresh.has_cgroup(path) for path in cgroups}
            present = self._cgroups
        if not self._asked:
            return ""
        if known != now:
            names = sorted({*(known or {}).items()} ^ {*(now or {}).items()})
            return f"interface {names[0][0]} came, went or changed" if names else "interfaces cannot be listed any more"
        if root != fresh.cgroup_root:
            return "cgroup v2 was mounted or unmounted"
        return next((f"cgroup {path} came or went" for path, was in cgroups.items() if present[path] != was), "")


def _plain(host: Host) -> dict[str, str] | None:
    return None if host.interfaces is None else dict(host.interfaces)
