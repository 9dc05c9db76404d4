"""Names of users and groups, from the host's own files: not from a directory service, which could keep an event waiting.

The files are read again when they change (`refresh`).  A number without a name stays a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.log import log
from policyd.text import safe, safe_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.enrich.disk import HostFiles, Stamp

EVENT_USERS_UNREADABLE = "users-unreadable"

FILES = {"uid": ("/etc/passwd", "/usr/lib/passwd"), "gid": ("/etc/group", "/usr/lib/group")}
"""Where names are, by the kind of column; the first file that has a number counts (/usr/lib: nss-altfiles)."""

_MOST = 1 << 17
_LONGEST = 64


class Users:
    """Names by number.  `refresh` is for one thread, `name` for any."""

    def __init__(self, files: HostFiles) -> None:
        self._files = files
        self._stamps: dict[str, tuple[Stamp | None, ...]] = {}
        self._names: dict[str, dict[int, str]] = {kind: {} for kind in FILES}
        self.refresh()

    def name(self, kind: str, number: int) -> str:
        """Return the name of a user (`uid`) or group (`gid`), empty if it has none."""
        return self._names[kind].get(number, "")

    def refresh(self) -> bool:
        """Read files that have changed; return whether there were any."""
        changed = False
        for kind, paths in FILES.items():
            stamps = tuple(self._files.stamp(path) for path in paths)
            if stamps != self._stamps.get(kind):
                self._stamps[kind] = stamps
                self._names[kind] = dict(self._read(paths))
                changed = True
        return changed

    def _read(self, paths: tuple[str, ...]) -> Iterator[tuple[int, str]]:
        """Yield numbers and names, those that count last."""
        for path in reversed(paths):
            try:
                data = self._files.read(path)
            except OSError as error:
                log(EVENT_USERS_UNREADABLE, file=path, error=safe(str(error), 200))
                continue
            yield from reversed(list(_rows(data or b"")))


def _rows(data: bytes) -> Iterator[tuple[int, str]]:
    """Yield the numbers and names of passwd(5) and group(5), in their order."""
    for line in data.splitlines()[:_MOST]:
        parts = line.split(b":", 3)
        if len(parts) >= 3 and parts[0] and parts[2].isdigit() and len(parts[2]) <= 10:
            yield int(parts[2]), safe_bytes(parts[0], _LONGEST)
