"""What the agent follows of its host: interfaces, cgroups and files with code, as far as policies have asked for them.

In: the questions of `resolve`.  Out: whether the answers are others by now, so that policies are resolved anew: globs and
scopes stay true, and a library that was upgraded is hooked where its functions are now.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from policyd.elf import Binaries
from policyd.host import Host

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policyd.elf import Binary

Asked = tuple[dict[str, str] | None, str, dict[str, bool], dict[str, str], dict[str, dict[str, int]]]
"""Interfaces, where cgroup v2 is, which cgroups were there, the states of programs and libraries by place, and the cgroups
that scopes have asked for."""


class _Asking(Binaries):
    """Files of this host; `note` is told of each that is asked for, with its state at that time."""

    def __init__(self, arch: str, note: Callable[[str, str], None]) -> None:
        super().__init__(arch)
        self._note = note

    def open(self, place: str) -> Binary:
        self._note(place, self.state(place))
        return super().open(place)


class Surroundings:
    """Makes hosts that remember what they were asked.  `changed` may be called from another thread than `host`."""

    def __init__(self, look: Callable[[], Host] = Host.running) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._interfaces: dict[str, str] | None = None
        self._cgroups: dict[str, bool] = {}
        self._files: dict[str, str] = {}
        self._scopes: dict[str, dict[str, int]] = {}
        self._root = ""
        self._asked = False

    def host(self) -> Host:
        """Return the host as it is now; what is asked of it is followed from now on."""
        fresh = self._look()
        with self._lock:
            self._interfaces, self._root = _plain(fresh), fresh.cgroup_root
            self._cgroups, self._files, self._scopes = {}, {}, {}
            self._asked = True

        def has_cgroup(path: str) -> bool:
            answer = fresh.has_cgroup(path)
            with self._lock:
                self._cgroups[path] = answer
            return answer

        def cgroups(question: str) -> Mapping[str, int]:
            answer = fresh.cgroups(question)
            with self._lock:
                self._scopes[question] = dict(answer)
            return answer

        def note_file(place: str, state: str) -> None:
            with self._lock:
                self._files[place] = state

        binaries = _Asking(fresh.binaries.arch, note_file) if fresh.binaries else None
        return replace(fresh, has_cgroup=has_cgroup, binaries=binaries, cgroups=cgroups)

    def asked(self) -> Asked | None:
        """Return what was asked of the last host, and answered; None if there was none."""
        with self._lock:
            if not self._asked:
                return None
            return self._interfaces, self._root, dict(self._cgroups), dict(self._files), dict(self._scopes)

    def learn(self, asked: Asked | None) -> None:
        """Follow what another process has asked (`asked`)."""
        if asked is not None:
            with self._lock:
                self._interfaces, self._root, self._cgroups, self._files, self._scopes = asked
                self._asked = True

    def changed(self) -> str:
        """Return what is another than when policies were last resolved (in a few words), or nothing; told once."""
        fresh = self._look()
        now = _plain(fresh)
        with self._lock:
            known, root, cgroups, files = self._interfaces, self._root, self._cgroups, self._files
            scopes = self._scopes
            self._interfaces, self._root = now, fresh.cgroup_root
            self._cgroups = {path: fresh.has_cgroup(path) for path in cgroups}
            self._files = {place: fresh.binaries.state(place) if fresh.binaries else "" for place in files}
            self._scopes = {question: dict(fresh.cgroups(question)) for question in scopes}
            present, states, members = self._cgroups, self._files, self._scopes
        if not self._asked:
            return ""
        if known != now:
            names = sorted({*(known or {}).items()} ^ {*(now or {}).items()})
            return f"interface {names[0][0]} came, went or changed" if names else "interfaces cannot be listed any more"
        if root != fresh.cgroup_root:
            return "cgroup v2 was mounted or unmounted"
        moved = [f"cgroup {path} came or went" for path, was in cgroups.items() if present[path] != was]
        moved += [f"{place} is another file, or came or went" for place, was in files.items() if states[place] != was]
        for question, was in scopes.items():
            moved += [f"cgroup {path} came or went" for path, _ in sorted({*was.items()} ^ {*members[question].items()})]
        return moved[0] if moved else ""


def _plain(host: Host) -> dict[str, str] | None:
    """Return what can be another about an interface: what its packets begin with, and its number."""
    known = host.interfaces
    return None if known is None else {name: f"{header} {host.indexes.get(name, 0)}" for name, header in known.items()}
