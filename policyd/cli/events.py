"""`policyd events`: what waits in the rings of policies, then, with -f, what is new."""

from __future__ import annotations

import signal
import sys
import time
from collections import deque
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from policyd.cli.agent import open_agent, socket_option
from policyd.cli.context import Settings, open_kernel
from policyd.cli.names import complete_policies
from policyd.cli.output import note
from policyd.errors import LockError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType

    from policyd.kernel.port import Kernel
    from policyd.reading.follow import Follower
    from policyd.reading.ring import Batch
    from policyd.reading.stream import Stream
    from policyd.record import PolicyRecord
    from policyd.sinks import EventSink
    from policyd.sinks.text import TextLines

_REFRESH = 0.5
"""Seconds between looks at which policies there are, and at what was lost."""
_WAIT = 0.25


@dataclass(frozen=True, slots=True)
class Request:
    """What to print.  `since` is in nanoseconds since boot; `tail` and `limit` are None for all, `tags` empty."""

    follow: bool
    since: int
    tail: int | None
    limit: int | None
    tags: tuple[str, ...] = ()


def _duration(_: click.Context, option: click.Parameter, text: str | None) -> int | None:
    from policyd.vocabulary.quantities import parse_duration

    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(f"expected {error}", param=option) from None


@click.command()
@click.argument("policies", nargs=-1, metavar="[POLICY…]", shell_complete=complete_policies)
@click.option("-f", "--follow", is_flag=True, help="Go on with new events, until interrupted.")
@click.option("-o", "--output", type=click.Choice(["text", "wide", "json"]), default="text", help="Text, or JSON lines.")
@click.option("--since", metavar="DURATION", callback=_duration, help="Only what happened in this time: 30s, 5m, 1h30m.")
@click.option("--tail", type=click.IntRange(0), metavar="N", help="Of what waits, only the last N.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only of rules with this tag; may stand several times.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Stop after N events.")
@socket_option
@click.pass_context
def command(
    ctx: click.Context, /, policies: tuple[str, ...], output: str, since: int | None, socket: str, **how: Any
) -> None:
    """Print the events of policies (of all, if none is named): what waits in their rings, then what is new with -f.

    An event is shown once: reading takes it out of the ring. One process can read a policy's events at a time. Events that
    could not be kept are counted, and told on stderr at the end.

    Where an agent reads the rings (or with --socket), it is asked for events instead: it keeps the last ones, takes nothing
    away by showing them, and has any number of readers.

    In text `-` is a value that does not exist, `?` one that could not be read, and `…` ends a string that was cut; in JSON
    the first two are null, and `unread` and `cut` name the fields.

    \b
    Examples:
      policyd events
      policyd events -f exec-audit
      policyd events -f -o json | jq 'select(.severity == "high")'
      policyd events -f --tag mitre:T1059
      policyd events --since 5m --tail 20 -o wide
    """
    kernel = open_kernel(ctx.obj, "events")
    cut = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - since if since is not None else 0
    request = Request(since=cut, **how)
    locked = None
    if ctx.get_parameter_source("socket") is click.core.ParameterSource.DEFAULT:
        locked = _read_rings(ctx.obj, kernel, policies, output, request)
        if locked is None:
            return
    from policyd.cli.agent_events import print_events

    print_events(kernel, open_agent(socket), policies, request, _text(ctx.obj, output), locked)


def _read_rings(
    settings: Settings, kernel: Kernel, policies: tuple[str, ...], output: str, request: Request
) -> LockError | None:
    """Print what is in the rings; return why not, if another process reads them."""
    from policyd.reading.follow import Follower

    with ExitStack() as stack:
        interrupted = stack.enter_context(_interrupts())
        try:
            follower = stack.enter_context(Follower(kernel, policies))
        except LockError as error:
            return error
        if not follower.streams and not settings.quiet:
            note("no policy sends events" + (" yet" if request.follow else ""))
        printer = _Printer(kernel, follower, _text(settings, output) or _json(), request)
        try:
            printer.run(interrupted)
        finally:
            tell_losses(kernel, [stream.record for stream in follower.streams], printer.told)
    return None


def _json() -> EventSink:
    from policyd.sinks.jsonl import JsonLines

    return JsonLines()


def _text(settings: Settings, output: str) -> TextLines | None:
    """Return what makes text of events; None for JSON."""
    if output == "json":
        return None
    from policyd.sinks.text import TextLines

    color = sys.stdout.isatty() if settings.color is None else settings.color
    return TextLines(wide=output == "wide", color=color)


@contextmanager
def _interrupts() -> Iterator[list[bool]]:
    """Yield a list that is filled by the first SIGINT or SIGTERM, so that a batch is printed whole; the second raises."""
    seen: list[bool] = []

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of signal handlers
        if seen:
            raise KeyboardInterrupt
        seen.append(True)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class _Printer:
    """Moves events from rings to stdout.  A ring gives its space back only after its events were written."""

    kernel: Kernel
    follower: Follower
    sink: EventSink
    request: Request
    printed: int = 0
    told: dict[tuple[str, str], int] = field(default_factory=dict)

    def run(self, interrupted: list[bool]) -> None:
        """Print what waits; then, if asked for, what comes, until interrupted."""
        self._backlog(interrupted)
        looked = time.monotonic()
        while self.request.follow and self._left() and not interrupted:
            if not self._step():
                self.follower.wait(_WAIT)
            if time.monotonic() - looked > _REFRESH:
                for told in self.follower.refresh():
                    note(told, "yellow")
                tell_losses(self.kernel, [stream.record for stream in self.follower.streams], self.told)
                looked = time.monotonic()

    def _left(self) -> int:
        return 1 << 30 if self.request.limit is None else self.request.limit - self.printed

    def _backlog(self, interrupted: list[bool]) -> None:
        """Print what was there when we came (a fast writer cannot keep us here)."""
        goals = self.follower.goals()
        kept = None if self.request.tail is None else deque[str](maxlen=self.request.tail)
        while self._left() and not interrupted:
            waiting = [one for one in self.follower.streams if one.ring.position < goals[one.record.name]]
            if not waiting or not self._step(kept):
                break
        if kept:
            self._write(list(kept)[: self._left()])

    def _step(self, kept: deque[str] | None = None) -> bool:
        """Print (or keep) one batch of each ring; return whether there was any."""
        from policyd.reading.ring import BATCH

        limit = BATCH if kept is not None else min(BATCH, self._left())
        found = list(self.follower.read(limit))
        lines = self.sink.lines([(stream.decoder, self._shown(stream, batch)) for stream, batch in found])
        if kept is None:
            self._write(lines)
        else:
            kept.extend(lines)
        self._done(found)
        return bool(found)

    def _shown(self, stream: Stream, batch: Batch) -> Batch:
        batch = batch.since(self.request.since) if self.request.since else batch
        wanted, tags = frozenset(self.request.tags), stream.decoder.tags
        return batch.of_rules(lambda layout, rule: not wanted.isdisjoint(tags(layout, rule))) if wanted else batch

    @staticmethod
    def _done(found: list[tuple[Stream, Batch]]) -> None:
        for stream, batch in found:
            stream.done(batch)

    def _write(self, lines: list[str]) -> None:
        sys.stdout.buffer.write("".join(lines).encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
        self.printed += len(lines)


def tell_losses(kernel: Kernel, records: Iterable[PolicyRecord], told: dict[tuple[str, str], int]) -> None:
    """Say on stderr what policies have lost, if that has changed since it was last said; `told` remembers that."""
    from policyd.reading.account import EVENT_LOSSES, LOSSES, read_account

    causes = dict(LOSSES)
    for record in records:
        account = read_account(kernel, record.row)
        for column in EVENT_LOSSES:
            lost = account[column]
            if lost > told.get((record.name, column), 0):
                told[record.name, column] = lost
                note(f"lost {lost} ({causes[column]}) of policy {record.name}", "yellow")
