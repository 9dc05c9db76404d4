"""`policyd events` where it is the agent that reads the rings: the events come from its API, in the same formats."""

from __future__ import annotations

import json
import signal
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from policyd.cli.events import tell_losses
from policyd.cli.output import note
from policyd.errors import LockError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from policyd.api.client import AgentClient
    from policyd.cli.events import Request
    from policyd.kernel.port import Kernel
    from policyd.record import PolicyRecord
    from policyd.sinks.text import TextLines

PATH = "/api/v1/events"
ALL = 100_000
"""As many of the last events as may be asked for."""


def print_events(
    kernel: Kernel,
    agent: AgentClient,
    policies: tuple[str, ...],
    request: Request,
    text: TextLines | None,
    locked: LockError | None,
) -> None:
    """Print what the agent has, then, if asked for, what comes.  `locked` is raised if there is no agent after all."""
    from policyd.reading import open_policy
    from policyd.record import read_policies

    if policies:
        records = [open_policy(kernel, name).record for name in dict.fromkeys(policies)]
    else:
        records = list(read_policies(kernel).values())
    show = _shower(kernel, text)
    with _Interrupts() as interrupts, closing(agent.stream(PATH, _query(policies, request))) as lines:
        try:
            for data in _wanted(interrupts.guard(lines), request):
                _write(show(data))
        except NotFoundError as error:
            raise locked or error from None
        finally:
            tell_losses(kernel, records, {})


def _query(policies: tuple[str, ...], request: Request) -> list[tuple[str, str]]:
    tail = ALL if request.tail is None else request.tail
    follow = "true" if request.follow else "false"
    tags = (("tag", tag) for tag in request.tags)
    return [*(("policy", name) for name in policies), *tags, ("tail", str(tail)), ("follow", follow)]


def _shower(kernel: Kernel, text: TextLines | None) -> Callable[[str], str]:
    if text is None:
        return lambda data: f"{data}\n"
    from policyd.record import read_policies
    from policyd.sinks.text_of_json import TextOfJson

    records: Callable[[], dict[str, PolicyRecord]] = lambda: read_policies(kernel)  # noqa: E731
    return TextOfJson(text, records).line


def _wanted(lines: Iterator[str], request: Request) -> Iterator[str]:
    """Yield events that are wanted; tell what was dropped."""
    since, left = _since(request), 1 << 62 if request.limit is None else request.limit
    for data in lines:
        if data.startswith('{"time":"'):
            if data[9:] < since:
                continue
            yield data
            left -= 1
            if not left:
                return
        elif data.startswith('{"dropped":'):
            note(f"lost {json.loads(data)['dropped']} (this reader was too slow for the agent)", "yellow")


def _since(request: Request) -> str:
    """Return the beginning of the first line that is wanted, behind `{"time":"`: dates in UTC sort as text."""
    if not request.since:
        return ""
    ago = (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - request.since) / 1e9
    return datetime.fromtimestamp(time.time() - ago, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def _write(line: str) -> None:
    sys.stdout.buffer.write(line.encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()


class _Interrupts:
    """SIGINT and SIGTERM end the waiting for a line, never the writing of one; the second raises wherever it comes."""

    def __init__(self) -> None:
        self._seen = self._waiting = False

    def __enter__(self) -> _Interrupts:
        self._before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._seen or self._waiting:
            raise KeyboardInterrupt
        self._seen = True

    def guard(self, lines: Iterator[str]) -> Iterator[str]:
        """Yield lines until there are no more, or a signal came."""
        while not self._seen:
            self._waiting = True
            try:
                line = next(lines, None)
            except KeyboardInterrupt:
                return
            finally:
                self._waiting = False
            if line is None:
                return
            yield line
