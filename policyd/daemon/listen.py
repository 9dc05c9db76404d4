"""What the drift watch wakes up for: pins that come or go (inotify on bpffs), interfaces (netlink), and who asks.

In: nothing but the kernel's own news.  Out: `wait` says what kind of news there is.  What cannot be listened to is noted
once; the interval finds it then.
"""

from __future__ import annotations

import os
import select
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from policyd.kernel.netlink import LinkEvents
from policyd.log import EVENT_UNWATCHED, log
from policyd.record import HOOKS, POLICIES, SHARED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PINS, LINKS, ASKED = "pins", "links", "asked"
_SETTLE_SECONDS = 0.02
"""After the first news, so much is waited for what comes with it."""


class Listener:
    """Waits for news.  `ask` may be called from any thread, the rest by one."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)
        self._poll = select.poll()
        self._asked = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll.register(self._asked, select.POLLIN)
        self._links = self._open_links()
        self._pins = self._open_pins()
        self._deaf = False

    def _open_links(self) -> LinkEvents | None:
        try:
            links = LinkEvents()
        except OSError as error:
            log(EVENT_UNWATCHED, what="interfaces", error=str(error))
            return None
        self._poll.register(links.fileno(), select.POLLIN)
        return links

    def _open_pins(self) -> _Pins | None:
        try:
            pins = _Pins()
        except OSError as error:
            log(EVENT_UNWATCHED, what="pins", error=str(error))
            return None
        self._poll.register(pins.fileno(), select.POLLIN)
        return pins

    def ask(self) -> None:
        """Make `wait` return."""
        with suppress(OSError):
            os.eventfd_write(self._asked, 1)

    def follow(self, directories: Iterable[str]) -> None:
        """Listen to the pins of these directories (below the root), and to the root."""
        if self._pins is None:
            return
        paths = [
            self._root,
            *(self._root / name for name in (HOOKS, POLICIES, SHARED)),
            *map(self._root.joinpath, directories),
        ]
        try:
            self._pins.watch(paths)
        except OSError as error:  # fs.inotify.max_user_watches
            if not self._deaf:
                log(EVENT_UNWATCHED, what="pins", error=str(error))
            self._deaf = True

    def wait(self, seconds: float) -> frozenset[str]:
        """Sleep until there is news, at most so long; return its kinds."""
        if not self._poll.poll(max(0.0, seconds) * 1000):
            return frozenset()
        found = frozenset(self._drain())
        if PINS in found or LINKS in found:
            self._poll.poll(_SETTLE_SECONDS * 1000)
        return found | frozenset(self._drain())

    def _drain(self) -> Iterator[str]:
        with suppress(BlockingIOError):
            os.eventfd_read(self._asked)
            yield ASKED
        if self._links is not None and self._links.drain():
            yield LINKS
        if self._pins is not None and self._pins.drain():
            yield PINS

    def close(self) -> None:
        os.close(self._asked)
        if self._links is not None:
            self._links.close()
        if self._pins is not None:
            self._pins.close()


class _Pins:
    """inotify on directories of bpffs, which tells of every pin that is made, renamed or unlinked (Linux 6.18)."""

    def __init__(self) -> None:
        from inotify_simple import INotify, flags  # type: ignore[import-untyped]  # noqa: PLC0415 (only the agent needs it)

        self._notify = INotify(nonblocking=True)
        self._mask = flags.CREATE | flags.DELETE | flags.MOVED_FROM | flags.MOVED_TO | flags.ONLYDIR | flags.DONT_FOLLOW

    def fileno(self) -> int:
        return int(self._notify.fileno())

    def watch(self, paths: Iterable[Path]) -> None:
        """Listen to directories, as far as they exist; those that were listened to already stay."""
        for path in paths:
            with suppress(FileNotFoundError, NotADirectoryError):
                self._notify.add_watch(path, self._mask)

    def drain(self) -> bool:
        return bool(self._notify.read(timeout=0))

    def close(self) -> None:
        self._notify.close()
